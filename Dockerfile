# trimtab serve, as a container.
#
#   docker build -t trimtab .
#   docker run -p 8000:8000 -v "$PWD/bundles/grocery:/bundle:ro" -v trimtab-data:/data trimtab
#
# The bundle is mounted, not built in: a new one is a new mount and not a new image. For a first look there is the stage
# `demo`, which builds the grocery bundle into the image: docker build --target demo -t trimtab-demo .
#
# BASE is any image with Python 3.11 to 3.13 as `python3`; a release names it by its digest. TORCH_INDEX is for where the default index serves torch
# with CUDA (several GB): name the index of torch's CPU builds. `make image-test` builds it and asks it something.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS build
ARG TORCH=2.13.0
ARG TORCH_INDEX=""
# `sha256:...` of torch's wheel for this base, as its index states it. Without it that one wheel is taken by its version.
ARG TORCH_HASH=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/trimtab
WORKDIR /src
COPY constraints.txt ./
COPY deploy/requirements/serve.txt deploy/requirements/
# What serves, page analysis and traces, so that every path and setting works. Everything that torch needs is in it.
RUN /opt/trimtab/bin/pip install --require-hashes --no-deps --requirement deploy/requirements/serve.txt
RUN echo "torch==$TORCH${TORCH_HASH:+ --hash=$TORCH_HASH}" > /tmp/torch.txt \
 && /opt/trimtab/bin/pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} ${TORCH_HASH:+--require-hashes --no-deps} \
    --constraint constraints.txt --requirement /tmp/torch.txt
COPY . .
RUN /opt/trimtab/bin/pip install --no-deps --no-build-isolation .
RUN /opt/trimtab/bin/python -P -m trimtab.engine.kernels --every-level

FROM ${BASE} AS runtime
COPY --from=build /opt/trimtab /opt/trimtab
# Not in a world that changes at run time: a user without a home, without a shell, owner of nothing but /data.
RUN groupadd --system --gid 10001 trimtab \
 && useradd --system --uid 10001 --gid trimtab --no-create-home --shell /usr/sbin/nologin trimtab \
 && install --directory --owner=trimtab --group=trimtab /data
ENV PATH=/opt/trimtab/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TRIMTAB_BUNDLE=/bundle \
    TRIMTAB_DATA_FOLDER=/data \
    NUMBA_CACHE_DIR=/data/kernels \
    TRIMTAB_HOST=0.0.0.0 \
    TRIMTAB_PORT=8000
WORKDIR /data
VOLUME /data
EXPOSE 8000
USER trimtab
# The kernels are compiled in the image, with AVX-512 and with AVX2. A processor that has neither compiles its own, 15 s, at
# the first start with a volume, and keeps them on it (NUMBA_CACHE_DIR).
# Loading and verifying a bundle takes seconds; after that an answer takes milliseconds.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python3", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"TRIMTAB_PORT\"]}/healthz', timeout=2)"]
CMD ["trimtab", "serve"]

FROM build AS demo-bundle
RUN /opt/trimtab/bin/pip install --require-hashes --no-deps --requirement deploy/requirements/build.txt \
 && /opt/trimtab/bin/trimtab build grocery --out /bundle --quiet

FROM runtime AS demo
COPY --from=demo-bundle /bundle /bundle
# Beyond loopback a search needs a key; a first look does not.
ENV TRIMTAB_REQUIRE_KEYS=false TRIMTAB_ALLOWED_HOSTS=localhost,127.0.0.1,::1

FROM runtime AS service

#!/usr/bin/env bash
# Build the image without a container engine and run it to a first answer, as strictly as deploy/kubernetes runs it.
#
#   deploy/image_test.sh            needs root and Debian's buildah, podman, runc and debootstrap
#   BASE=IMAGE deploy/image_test.sh with a base image of your own (Python 3.11 to 3.13 as python3) instead of debootstrap's
#
# Everything is kept in build/image (a second run takes the base from there); `make clean` removes it.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly MAX_BYTES=2500000000
readonly WORK=$PWD/build/image
readonly NAME=localhost/trimtab-test
readonly STORAGE=(--root "$WORK/storage" --runroot "$WORK/run" --storage-driver overlay)
readonly ADMIN_KEY=image-test

main() {
    mkdir -p "$WORK"
    need buildah podman runc
    [ -n "${BASE:-}" ] || make_base
    build
    check_size
    build_bundle
    first_answer
}

need() {
    local program
    for program in "$@"; do
        command -v "$program" > /dev/null || { echo "image_test: install $program (Debian's package of that name)" >&2; exit 2; }
    done
}

make_base() {
    BASE=localhost/trimtab-base
    podman "${STORAGE[@]}" image exists "$BASE" && return
    need debootstrap
    rm -rf "$WORK/base"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$WORK/base" > "$WORK/debootstrap.log"
    rm -rf "$WORK"/base/var/cache/apt/archives/*.deb "$WORK"/base/var/lib/apt/lists/*
    tar --create --directory "$WORK/base" . | podman "${STORAGE[@]}" import - "$BASE" > /dev/null
    rm -rf "$WORK/base"
}

# The build reaches the package index as this machine does: its certificates, its pip configuration, and the folders of
# packages that name there. All are mounted while building, so that nothing of them is in the image.
build() {
    local mounts=(--volume /etc/ssl/certs:/etc/ssl/certs:ro) folder
    { echo "[global]"; python3 -m pip config list | sed -n "s/^\(global\|:env:\)\.\([a-z-]*\)='\(.*\)'$/\2 = \3/p" | sort -u -t= -k1,1; } > "$WORK/pip.conf"
    mounts+=(--volume "$WORK/pip.conf:/etc/pip.conf:ro")
    for folder in $(grep -oE '(file://)?/[^ ]+' "$WORK/pip.conf" | sed -E 's|^file://(.*)/simple/?$|\1|' | sort -u); do
        [ -d "$folder" ] && mounts+=(--volume "$folder:$folder:ro")
    done
    local started=$SECONDS
    # The stage `service` is `runtime` under another name; named, the demo's bundle would be built on the way to it.
    buildah "${STORAGE[@]}" build --isolation chroot --format docker --pull-never --target runtime "${mounts[@]}" --build-arg "BASE=$BASE" --tag "$NAME" . \
        > "$WORK/build.log" 2>&1 || { tail -40 "$WORK/build.log" >&2; exit 1; }
    echo "built in $((SECONDS - started)) s"
}

check_size() {
    local bytes
    bytes=$(podman "${STORAGE[@]}" image inspect --format '{{.Size}}' "$NAME")
    echo "image: $((bytes / 1000000)) MB, allowed $((MAX_BYTES / 1000000))"
    ((bytes <= MAX_BYTES)) || exit 1
}

# Neither root nor capabilities, nothing to write to but the volumes, and no network but the container's own loopback.
# Limits below the usual ones: not everybody who builds an image may raise them.
run() {
    podman "${STORAGE[@]}" --runtime runc run --ulimit nofile=4096 --ulimit nproc=4096 --no-healthcheck --read-only --cap-drop all --security-opt no-new-privileges \
        --network none --tmpfs /tmp "$@"
}

build_bundle() {
    rm -rf "$WORK/bundle"
    install --directory --mode 777 "$WORK/bundle"
    cat > "$WORK/items.csv" << 'ITEMS'
item_id,title,brand,category,price
1,Vanilla Ice Cream,Dairy Farm,Ice Cream,3.99
2,Chocolate Ice Cream,Dairy Farm,Ice Cream,4.49
3,Frozen Yogurt,Polar,Yogurt,2.99
4,Tomato Soup,Garden,Soup,1.79
ITEMS
    run --rm --volume "$WORK/bundle:/out" --volume "$WORK/items.csv:/items.csv:ro" "$NAME" \
        trimtab build /items.csv --out /out/bundle --quiet
}

first_answer() {
    local container started=$SECONDS
    container=$(run --detach --env "TRIMTAB_ADMIN_KEY=$ADMIN_KEY" --volume "$WORK/bundle/bundle:/bundle:ro" "$NAME")
    trap "podman ${STORAGE[*]} rm --force --volumes $container > /dev/null" EXIT
    if ! inside "$container" python3 -c "$ASK" "$ADMIN_KEY"; then
        podman "${STORAGE[@]}" logs "$container" >&2
        exit 1
    fi
    echo "first answer $((SECONDS - started)) s after the start"
    [ -z "$(inside "$container" find /data -name '*.nb?')" ] || { echo "image_test: it compiled kernels" >&2; exit 1; }
    [ "$(inside "$container" id --user)" != 0 ] || { echo "image_test: it runs as root" >&2; exit 1; }
    podman "${STORAGE[@]}" stop --time 20 "$container" > /dev/null
    [ "$(podman "${STORAGE[@]}" inspect --format '{{.State.ExitCode}}' "$container")" = 0 ]
    echo "compiles nothing, runs as user 10001 and ends by SIGTERM with 0"
}

inside() {
    podman "${STORAGE[@]}" --runtime runc exec "$@"
}

readonly ASK='
import json, sys, time, urllib.error, urllib.request
address, key = "http://127.0.0.1:8000/search?q=ice+cream&k=2", sys.argv[1]
for _ in range(300):
    try:
        urllib.request.urlopen("http://127.0.0.1:8000/readyz", timeout=5)
        break
    except OSError:
        time.sleep(0.2)
try:
    urllib.request.urlopen(address)
    sys.exit("a search without a key is answered")
except urllib.error.HTTPError as refused:
    assert refused.code == 401, refused
request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"})
answer = json.load(urllib.request.urlopen(request))
print([hit["title"] for hit in answer["hits"]], "degraded:", answer["degraded"])
assert {hit["item_id"] for hit in answer["hits"]} == {"1", "2"} and answer["degraded"] == []
'

main

"""`make train-webpages`: the labelled sets are read, both models fitted, the artefact written into the package."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from trimtab.webpages.parse.rendered.render import rendering
from trimtab.webpages.predict.model import SHIPPED
from trimtab.webpages.training.elements import fit
from trimtab.webpages.training.examples import read_examples
from trimtab.webpages.training.form_sets import duck_forms, formasaurus_forms, shop_forms
from trimtab.webpages.training.forms import fit_fields, save_fields


def build(data: Path, folder: Path = SHIPPED) -> None:
    """Fit on every labelled page and form. `trimtab pages evaluate` has the figures of pages not seen."""
    console = Console(stderr=True)
    with console.status("reading pages") as status:
        with rendering() as render:
            examples = read_examples(data, lambda name: status.update(f"reading {name}"), render=render)
        status.update(f"fitting elements on {len(examples)} pages")
        fit(examples).save(folder)
        forms = [*duck_forms(data), *formasaurus_forms(), *shop_forms(data)]
        status.update(f"fitting fields on {len(forms)} forms")
        n_fields = sum(kind is not None for form in forms for kind in form.types)
        save_fields(fit_fields(forms), folder, {"n_forms": len(forms), "n_fields": n_fields})
    console.print(f"written to {folder}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the shared data folder")
    build(parser.parse_args().data)

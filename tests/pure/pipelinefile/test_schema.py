"""The schema for editors says what the checks say."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files

import jsonschema
import pytest

from provstore.pipelinefile import check, check_dimensions, check_paths, check_stages

from .samples import CALIB, DESIGN, EVERYTHING

SCHEMA = json.loads((files("provstore.pipelinefile") / "schema.json").read_text(encoding="utf-8"))
TOP, PARTS = SCHEMA["properties"], SCHEMA["$defs"]
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_it_is_a_schema():
    """Of JSON Schema 2020-12, and every key of every table has a description."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def undescribed(part, where=()):
        if isinstance(part, dict):
            for key, value in part.get("properties", {}).items():
                named = PARTS[value["$ref"].rpartition("/")[2]] if "$ref" in value else value
                if "description" not in value and "description" not in named:
                    yield (*where, key)
            for key, value in part.items():
                yield from undescribed(value, (*where, key))
        elif isinstance(part, list):
            for value in part:
                yield from undescribed(value, where)

    assert list(undescribed({"$defs": PARTS, "properties": TOP})) == []


@pytest.mark.parametrize(
    ("part", "keys"),
    [
        (SCHEMA, set(check.SECTIONS)),
        (TOP["project"], check.PROJECT_KEYS),
        (TOP["store"], check.STORE_KEYS),
        (TOP["registry"], check.REGISTRY_KEYS),
        (TOP["datasets"]["additionalProperties"], check_dimensions.DATASET_KEYS),
        (PARTS["dimension"]["anyOf"][1], check_dimensions.DIMENSION_KEYS),
        (PARTS["stage"], set(check_stages.STAGE_KEYS) - {"call"}),
        (PARTS["stage"]["properties"]["resources"], check_stages.RESOURCE_KEYS),
        (PARTS["path"]["anyOf"][1], check_paths.PATH_KEYS),
    ],
)
def test_it_has_the_keys_of_the_checks(part, keys):
    """No key is known to one of the two alone."""
    assert set(part["properties"]) == set(keys)
    assert part["additionalProperties"] is False


@pytest.mark.parametrize("text", [DESIGN, CALIB, EVERYTHING, ""])
def test_good_files_fit(text):
    """What is read without a problem is valid."""
    VALIDATOR.validate(tomllib.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        "[stage.a]",
        "[stages.a]",
        '[stages.a]\nrun = "x"\nargv = ["x"]',
        '[stages.a]\nrun = "x"\nouputs = []',
        '[stages.a]\nrun = "x"\ntimeout = "soon"',
        '[stages.a]\nrun = "x"\ninputs.a = { path = "a", dataset = "b" }',
        '[stages.a]\nrun = "x"\ninputs."a b" = "x"',
        '[stages."a b"]\nrun = "x"',
        "[dimensions]\nparams = [1]",
        '[dimensions]\na = { from = "{a}", values = [1] }',
        '[dimensions]\na = "g"',
        '[store]\nobjects = "some"',
        '[params]\n"a.b" = 1',
        '[formats]\ndat = "bytes"',
    ],
)
def test_mistakes_do_not_fit(text):
    """An editor underlines what the reader would refuse."""
    assert not VALIDATOR.is_valid(tomllib.loads(text))

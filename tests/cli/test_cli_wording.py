"""Messages speak the command line's own language: options, not Python's arguments."""

from __future__ import annotations

import inspect
import re

import pytest

import genloss as gl
from genloss.cli import app
from genloss.cli.wording import Wording

FORECAST = Wording.of(app["forecast"].default_command, {"simulate", "predict"})
WEIGH = Wording.of(app["weigh"].default_command, ())
GAPS = "has missing values in 'a' (1); fill them"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    problem = gl.Problem.isotropic(20)
    gl.save(tmp_path / "plan.toml", plan=gl.Plan.replace(3, 60, noise=0.5), problem=problem)
    gl.save(tmp_path / "short.toml", plan=gl.Plan.replace(2, 60), problem=problem)
    gl.save(
        tmp_path / "elsewhere.toml", plan=gl.Plan.replace(3, 60), problem=gl.Problem.isotropic(5)
    )
    gl.save(tmp_path / "bare.toml", plan=gl.Plan.replace(3, 60))
    (tmp_path / "bad.toml").write_text(
        '[problem]\npreset = "isotropic"\ndim = 5\n[[plan.generations]]\nn_samples = -9\n'
    )
    (tmp_path / "gaps.csv").write_text(
        "a,y\n" + "".join(f"{i},{i % 7}\n" for i in range(60)) + ",3\n"
    )
    (tmp_path / "full.csv").write_text("a,y\n" + "".join(f"{i},{i % 7}\n" for i in range(60)))
    (tmp_path / "latin.csv").write_bytes(b"a,y\n\xe9,1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("said", "spelt"),
    [
        ("n_samples was -1; it must be >= 1", "--n-samples was -1; it must be >= 1"),
        ("penalty[2] was nan; it must be finite", "--penalty[2] was nan; it must be finite"),
        (
            "target was None; it must be one of 'a', 'y'",
            "--target was not given; it must be one of 'a', 'y'",
        ),
        ("pass missing='drop' or missing='mean'", "pass --missing drop or --missing mean"),
        ("give more data or lower n_samples", "give more data or lower --n-samples"),
        ("use stream=True", "use --stream"),
        ("use stream=False", "use --no-stream"),
        ("pass stream=None", "pass no --stream"),
        ("data was 'x'; it must be a table", "DATA was 'x'; it must be a table"),
        ("plan and penalty were both given", "--plan and --penalty were both given"),
        ("`genloss.simulate` runs it", '"genloss simulate" runs it'),
        ("genloss.simulate() runs it", '"genloss simulate" runs it'),
        ("but genloss.simulate(problem, plan) does", 'but "genloss simulate" does'),
        ("predict(method='pencil') knows it", '"genloss predict --method pencil" knows it'),
        # what is typed in Python, prose and quoted values stay as they are
        ("KernelRidge(kernel='rbf', gamma=0.25)", "KernelRidge(kernel='rbf', gamma=0.25)"),
        ("the target is constant", "the target is constant"),
        ("real labels carry noise", "real labels carry noise"),
        ("no column 'n_samples'; columns are 'a'", "no column 'n_samples'; columns are 'a'"),
        ("dropped text column 'time'", "dropped text column 'time'"),
        ("missing.csv: no such file", "missing.csv: no such file"),
    ],
)
def test_messages_of_the_package_are_translated(said, spelt):
    assert FORECAST(said) == spelt


def test_a_choice_is_spelt_without_spaces():
    assert WEIGH("Say made_from='these rows'.") == "Say --made-from these-rows."


def test_every_option_of_every_command_is_spelt_as_it_is_typed():
    for name in app:
        if name.startswith("-"):
            continue
        command = app[name].default_command
        wording = Wording.of(command, ())
        for each, parameter in inspect.signature(command).parameters.items():
            typed = (
                f"--{each.replace('_', '-')}"
                if parameter.kind is parameter.KEYWORD_ONLY
                else each.upper()
            )
            assert wording(f"{each} was 1; it must be 2") == f"{typed} was 1; it must be 2"
            assert wording(f"pass {each}='x'") == f"pass {typed} x"


PYTHON = re.compile(r"^genloss: [a-z]\w* (was|had|must)|\b\w+=('|True|False|None)|\bNone\b")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("forecast full.csv", "--target was not given"),
        ("forecast gaps.csv --target y", "--missing drop"),
        ("weigh gaps.csv full.csv --target y", f"REAL 'gaps.csv' {GAPS}, or pass --missing drop\n"),
        (
            "weigh full.csv gaps.csv --target y",
            f"SYNTHETIC 'gaps.csv' {GAPS}, or pass --missing drop\n",
        ),
        (
            "budget gaps.csv --target y --labeler-noise 1 --cost real=1,synthetic=.1 --money 99",
            f"REAL 'gaps.csv' {GAPS}, or pass --missing drop\n",
        ),
        ("weigh latin.csv full.csv --target y", "latin.csv line 2 is not utf-8 (byte 0xe9); save"),
        ("weigh full.csv latin.csv --target y", "latin.csv line 2 is not utf-8 (byte 0xe9); save"),
        (
            "monitor m.db --start full.csv --target y --watched latin.csv --n-samples 9",
            "(byte 0xe9); save it as UTF-8\n",
        ),
        ("forecast latin.csv --target y", "--encoding latin-1"),
        ("monitor m.db --start gaps.csv --target y --watched full.csv --n-samples 9", GAPS + "\n"),
        ("forecast full.csv --target y --n-samples 0", "--n-samples was 0"),
        ("forecast full.csv --target y --n-samples 900", "--n-samples"),
        ("forecast full.csv --target y --generations 0", "--generations was 0"),
        ("forecast full.csv --target y --penalty -1", "--penalty was -1"),
        ("forecast full.csv --target y --noise -1", "--noise was -1"),
        ("forecast full.csv --target y --real 2", "--real was 2"),
        ("forecast full.csv --target y --trials 1", "--trials was 1"),
        ("forecast full.csv --target y --seed -1", "--seed was -1"),
        ("forecast full.csv --target y --kernel rbf --gamma -1", "--gamma was -1"),
        ("forecast full.csv --target y --kernel polynomial --degree 0", "--degree was 0"),
        ("forecast full.csv --target y --gamma 1", "--gamma was 1.0 with --kernel linear"),
        ("forecast full.csv --target y --plan plan.toml --noise 1", "--plan and --noise"),
        ("forecast full.csv --target y --plan bad.toml", "'bad.toml'"),
        ("forecast --target y", "without DATA"),
        ("simulate plan.toml --trials 1", "--trials was 1"),
        ("simulate plan.toml --seed -1", "--seed was -1"),
        ("simulate plan.toml --workers 0", "--workers was 0"),
        ("simulate plan.toml --relative-stderr -1", "--relative-stderr was -1"),
        ("simulate plan.toml --plot x.jpg", "--plot was 'x.jpg'"),
        ("predict bad.toml", "'bad.toml'"),
        ("predict bare.toml", "has no [problem]"),
        ("compare plan.toml plan.toml --trials 1", "--trials was 1"),
        ("compare plan.toml short.toml", "OTHER 'short.toml' had 2 models"),
        ("compare plan.toml elsewhere.toml", "have different problems"),
        ("compare bare.toml bare.toml", "neither 'bare.toml' nor"),
        ("tune plan.toml --over everything", "--over"),
        ("tune plan.toml --out plan.txt", "--out was 'plan.txt'"),
        ("tune plan.toml --out none/plan.toml", "folder does not exist"),
        ("explain ridge --level child", "--level was 'child'"),
        ("explain rigde", "TOPIC was 'rigde'"),
        ("reproduce F99", "NAME was 'F99'"),
        ("reproduce F1 --out plan.toml", "--out was 'plan.toml'"),
        ("completion csh", "csh"),
    ],
)
def test_commands_complain_in_their_own_words(call, message, folder, genloss):
    code, out, errors = genloss(*call.split())
    assert (code, out) == (2, "")
    assert errors.startswith("genloss: ")
    assert message in errors
    assert not PYTHON.search(errors), errors


def test_a_file_speaks_its_own_words(folder, genloss):
    _, _, errors = genloss("forecast", "full.csv", "--target", "y", "--plan", "bad.toml")
    assert "n_samples" in errors
    assert "--n-samples" not in errors


def test_a_very_long_argument_is_not_repeated(genloss):
    code, _, errors = genloss("predict", "y" * 5000 + ".toml")
    assert code == 2
    assert len(errors) < 400
    code, _, errors = genloss("forecast", "--" + "z" * 5000)
    assert code == 2
    assert len(errors) < 400


def test_control_characters_do_not_reach_the_terminal(genloss):
    code, _, errors = genloss("predict", "\x1b[2Jevil\x07.toml")
    assert code == 2
    assert "\x1b" not in errors
    assert "\x07" not in errors
    assert "\\x1b[2Jevil\\x07.toml" in errors.replace("\\\\", "\\")


def test_memory_that_ends_is_a_sentence(genloss, folder, monkeypatch):
    from genloss.cli import plans

    def starved(*_):
        raise MemoryError("Unable to allocate 8. GiB")

    monkeypatch.setattr(plans, "read_both", starved)
    code, out, errors = genloss("predict", "plan.toml")
    assert (code, out) == (2, "")
    assert "memory ended (Unable to allocate 8. GiB)" in errors


def test_home_is_expanded_in_paths(genloss, folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert genloss("predict", "~/plan.toml", "--plot=~/risk.png")[0] == 0
    assert (folder / "risk.png").exists()
    assert genloss("tune", "~/plan.toml", "--out", "~/better.toml")[0] == 0
    assert (folder / "better.toml").exists()


def test_exit_codes_are_documented(genloss):
    out = genloss("--help")[1]
    for code in ("code 0", "1:", "2:", "130:", "143:"):
        assert code in out


@pytest.mark.parametrize("command", [name for name in app if not name.startswith("-")])
def test_help_ends_with_the_commands_own_examples(command, genloss):
    code, out, errors = genloss(command, "--help")
    assert (code, errors) == (0, "")
    examples = [line.strip() for line in out.split("Examples:")[1].split("\n") if line.strip()]
    assert examples
    for line in examples:
        assert line.startswith((f"genloss {command}", "genloss example >", "genloss --install"))


def test_what_is_no_argument_stays_as_it_was_written():
    from genloss.cli.wording import Wording

    said = Wording({"real": "REAL", "cost": "--cost", "n_samples": "--n-samples"})
    assert said("cost was 'real=1'; give real=1") == "--cost was 'real=1'; give real=1"
    assert said("it failed: n_samples = 12") == "it failed: n_samples = 12"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--penalty abc", "--penalty was 'abc'; it must be a number or 'cv'"),
        ("--generations x", "--generations was 'x'; it must be a whole number"),
        ("--seed 1.5", "--seed was 1.5; it must be a whole number"),
        ("--n-samples=2.5", "--n-samples was 2.5; it must be a whole number"),
        ("--noise ?", "--noise was '?'; it must be a number"),
    ],
)
def test_what_is_no_number_is_told_as_people_say_it(genloss, words, said):
    code, out, errors = genloss("forecast", *words.split())
    assert (code, out, errors) == (2, "", f"genloss: {said}\n")

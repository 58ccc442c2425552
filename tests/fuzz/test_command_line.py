"""Arguments of the command line that nobody would give: a result, or one line and a status."""

from pathlib import Path

import mutations
import pytest
import strategies
from click.testing import CliRunner
from commands import BROKEN, PLAN
from hypothesis import given
from hypothesis import strategies as st

from hypercycle.command_line import hypercycle
from hypercycle.plugins import host

COMMANDS = {
    name: [one for option in command.params for one in option.opts if one.startswith("-")]
    for name, command in hypercycle.commands.items()
}
WORDS = [
    "plan.toml", "broken.toml", "nothing.toml", "folder.toml", "changed.toml", ".", "-", "--", "",
    "lr", "momentum", "weight_decay", "weight_decay.weights", "x", "hann", "halving", "csv",
    "json", "0", "1", "-1", "7", "100", "1e3", "0:10", "10:0", "::", "0:100:7", "1.5", "nan",
    "inf", "9007199254740993", "1" * 400, "2ep", "30%", "é", "\x1b[2J", "\ud800", "a" * 300,
    "--help", "--version", "--nothing", "new.toml", "out.csv", "os:system", "json:loads",
    "nothing:nothing", "triangular", "one_cycle", "sgdr", "plan.png",
]  # fmt: skip


# What is written stays in the folder; a shell hands over no lone surrogates but these, for bytes.
NO_SLASHES = st.one_of(
    st.characters(exclude_characters="/", exclude_categories=["Cs"]),
    st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("folder")


def files(folder, changed):
    for name, text in (("plan.toml", PLAN), ("broken.toml", BROKEN), ("changed.toml", changed)):
        Path(folder, name).write_bytes(text.encode("utf-8", "surrogatepass"))
    Path(folder, "folder.toml").mkdir(exist_ok=True)


@st.composite
def arguments(draw):
    command = draw(st.sampled_from(sorted(COMMANDS)))
    word = st.one_of(st.sampled_from(WORDS), st.text(NO_SLASHES, max_size=5))
    options = st.sampled_from(COMMANDS[command] or ["--help"])
    given_options = draw(st.lists(st.one_of(st.tuples(options, word), st.tuples(word)), max_size=4))
    first = draw(st.sampled_from([("plan.toml",), ("changed.toml",), ()]))
    return [command, *first, *(one for pair in given_options for one in pair)]


@strategies.examples(100)
@given(arguments=arguments(), changed=mutations.mutated_text(PLAN, ['"', "=", "\n", "1e308", "-"]))
@pytest.mark.filterwarnings("ignore")
def test_any_arguments_give_a_result_or_an_error_of_one_line(folder, arguments, changed):
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.delenv(host.ENVIRONMENT_VARIABLE, raising=False)
        files(folder, changed)
        result = CliRunner().invoke(hypercycle, arguments, prog_name="hypercycle")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 1, 2)
    assert "Traceback" not in result.output

"""Rules: their order, what they may name, and what breaks and heals them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.control import order
from sidecar.control.drafts import ProviderChanges, ProviderDraft, RuleChanges
from sidecar.errors import InvalidParameter, NotFound
from sidecar.values import RuleDraft


def brief(rules):
    """Filters and kinds, a catch-all as `*`."""
    return [f"{each.filter or '*'}{'' if each.kind == 'any' else ':' + each.kind}" for each in rules]


async def fill(control, rule, *texts):
    """Rules in this order of adding; `*:fim` is a catch-all for fim."""
    rules = ()
    for text in texts:
        name, _, kind = text.partition(":")
        rules = await control.rules.add(rule("" if name == "*" else name, kind or "any"))
    return rules


async def test_a_new_rule_goes_before_the_catch_alls(echo, rule):
    """Whatever the order of adding, catch-alls are last and that of any kind is the very last."""
    rules = await fill(echo, rule, "*", ".py", "*:fim", ".ts", "*:chat")
    assert brief(rules) == [".py", ".ts", "*:fim", "*:chat", "*"]
    assert [each.position for each in rules] == [1, 2, 3, 4, 5]


async def test_a_catch_all_added_again_replaces_its_like(echo, rule):
    """There is one catch-all per kind: the newer one stands where the older one stood."""
    await fill(echo, rule, "*:fim", "*:chat", "*")
    rules = await echo.rules.add(rule("", "fim", "large"))
    assert brief(rules) == ["*:fim", "*:chat", "*"]
    assert rules[0].model == "large"


@pytest.mark.parametrize(("position", "result"), [(1, [".ts", ".py", "*"]), (2, [".py", ".ts", "*"])])
async def test_a_rule_can_be_told_where(echo, rule, position, result):
    """A position puts it there."""
    await fill(echo, rule, ".py", "*")
    assert brief(await echo.rules.add(rule(".ts"), position=position)) == result


@pytest.mark.parametrize("position", [0, -1, 3, 99])
async def test_no_rule_goes_past_a_catch_all(echo, rule, position):
    """A position behind a catch-all, or none at all, is a bad parameter, and nothing is changed."""
    before = await fill(echo, rule, ".py", "*")
    with pytest.raises(InvalidParameter) as caught:
        await echo.rules.add(rule(".ts"), position=position)
    assert caught.value.field == "position"
    assert await echo.rules.list() == before


async def test_moving_keeps_the_others_in_order(echo, rule):
    """A rule goes where it is told, and past a catch-all it does not."""
    await fill(echo, rule, ".a", ".b", ".c", "*:fim", "*:chat", "*")
    assert brief(await echo.rules.move(3, 1))[:3] == [".c", ".a", ".b"]
    assert brief(await echo.rules.move(4, 5))[3:] == ["*:chat", "*:fim", "*"]
    for position, to in ((1, 4), (6, 5), (4, 6), (4, 3), (1, 0), (1, 7)):
        with pytest.raises(InvalidParameter) as caught:
            await echo.rules.move(position, to)
        assert caught.value.field == "to"
    with pytest.raises(NotFound):
        await echo.rules.move(7, 1)


async def test_a_rule_is_changed_in_its_place(echo, rule):
    """What is not mentioned stays; a rule that becomes a catch-all goes last, and the other way round."""
    await fill(echo, rule, ".a", ".b", "*")
    assert (await echo.rules.update(1, RuleChanges(model="large")))[0].model == "large"
    assert brief(await echo.rules.update(1, RuleChanges(filter="", kind="fim"))) == [".b", "*:fim", "*"]
    assert brief(await echo.rules.update(3, RuleChanges(filter=".z"))) == [".b", ".z", "*:fim"]
    with pytest.raises(NotFound):
        await echo.rules.update(4, RuleChanges(filter=".z"))


async def test_all_are_replaced_or_none(echo, rule):
    """A list with one bad rule changes nothing; a good one is stored with its catch-alls last."""
    before = await fill(echo, rule, ".a")
    for bad in (rule(".b", model="none"), rule("*"), rule(".b", provider="none")):
        with pytest.raises((NotFound, InvalidParameter)):
            await echo.rules.replace([rule(".x"), bad])
        assert await echo.rules.list() == before
    with pytest.raises(InvalidParameter):
        await echo.rules.replace([rule(), rule()])
    assert brief(await echo.rules.replace([rule(), rule(".x")])) == [".x", "*"]
    assert await echo.rules.replace([]) == ()


async def test_names_are_taken_in_the_providers_own_spelling(echo, rule):
    """A rule that says ECHO is a rule to Echo."""
    rules = await echo.rules.add(rule(provider="ECHO"))
    assert rules[0].provider == "Echo"


async def test_an_unknown_model_is_answered_with_the_command_that_lists_them(echo, rule):
    """The sentence guesses what was meant and says how to see what there is."""
    with pytest.raises(NotFound, match=r"Did you mean small\?.*provider models"):
        await echo.rules.add(rule(model="smal"))
    with pytest.raises(NotFound, match="there are: Echo"):
        await echo.rules.add(rule(provider="nobody"))


@pytest.mark.parametrize("text", ["*", "**", "   ", "a\nb", "x" * 600, "\ud800", "="])
async def test_a_filter_that_cannot_be_is_a_bad_parameter(echo, rule, text):
    """The error names the field."""
    with pytest.raises(InvalidParameter) as caught:
        await echo.rules.add(rule(text))
    assert caught.value.field == "filter"


async def test_a_rule_outlives_its_provider_and_heals(echo, rule):
    """Forced removal keeps the rule, broken; the provider's return heals it, and a broken rule can still be edited."""
    await echo.rules.add(rule(".py", model="large"))
    (gone,) = await echo.providers.remove("echo", force=True)
    assert "no provider Echo" in gone.broken
    assert (await echo.rules.list())[0].broken
    assert (await echo.rules.update(1, RuleChanges(filter=".pyi")))[0].broken
    held = tuple(
        RuleDraft(filter=r.filter, kind=r.kind, provider=r.provider, model=r.model) for r in await echo.rules.list()
    )
    assert (await echo.rules.replace(held))[0].broken
    await echo.providers.add(ProviderDraft(name="ECHO", type="echo"))
    assert "no model large" in (await echo.rules.list())[0].broken
    await echo.providers.remove("ECHO", force=True)
    await echo.providers.add(ProviderDraft(name="ECHO", type="echo", models=("large",)))
    assert (await echo.rules.list())[0].broken is None


async def test_what_may_stand_in_for_a_model_that_is_gone(control):
    """A broken rule names the model most like its own by name, of its own provider if two are; a whole rule none."""
    for name, models in (("one", ("qwen3:8b", "claude-opus-4.5")), ("two", ("qwen3:8b", "qwen3:14b", "zzz"))):
        await control.providers.add(ProviderDraft(name=name, type="echo", models=models))
    for model in ("qwen3:14b", "zzz"):
        await control.rules.add(RuleDraft(filter=f"{model}.py", provider="two", model=model))
    assert [each.replacement for each in await control.rules.list()] == [None, None]
    await control.providers.update("two", ProviderChanges(models=("qwen3:8b", "qwen3:14b-q4")))
    assert [each.replacement for each in await control.rules.list()][:1] == ["two/qwen3:14b-q4"]
    await control.providers.update("two", ProviderChanges(models=("qwen3:8b",)))
    assert (await control.rules.list())[0].replacement == "two/qwen3:8b"
    left = await control.providers.remove("two", force=True)
    assert [each.replacement for each in left] == [each.replacement for each in await control.rules.list()]
    assert left[0].replacement == "one/qwen3:8b"
    assert (await control.rules.replace(left_as_drafts(left)))[0].broken
    await control.providers.remove("one", force=True)
    assert (await control.rules.list())[0].replacement is None


def left_as_drafts(rules):
    """Listed rules as they are stated."""
    return [RuleDraft(filter=each.filter, kind=each.kind, provider=each.provider, model=each.model) for each in rules]


async def test_rules_of_another_workspace_are_its_own(echo, rule):
    """A named workspace's rules change without it being active; an unknown one is an error."""
    await echo.workspaces.add("work")
    await echo.rules.add(rule(), workspace="WORK")
    assert await echo.rules.list() == ()
    assert len(await echo.rules.list("work")) == 1
    with pytest.raises(NotFound, match=r"there are: default, work\."):
        await echo.rules.list("home")


async def test_explain_reads_a_prompt(echo, rule):
    """A prompt's files and kind are found as a client's request's would be, beside the files that are named."""
    await fill(echo, rule, ".ts", ".py", "*")
    asked = await echo.routes.explain([], prompt="What does `src/cart.ts` do?")
    assert (asked.files, asked.route.filter) == (("src/cart.ts",), ".ts")
    both = await echo.routes.explain(["b.py"], prompt="What does `src/cart.ts` do?")
    assert both.files == ("b.py", "src/cart.ts")
    assert (await echo.routes.explain([], prompt="")).files == ()
    assert (await echo.routes.explain([], "embed", prompt="`a.ts`")).route is None


async def test_explain_tells_the_route_and_each_rule(echo, rule):
    """The first rule that matches is the route; without a rule there is none."""
    assert (await echo.routes.explain(["a.py"])).route is None
    await fill(echo, rule, ".ts", ".py", "*")
    explanation = await echo.routes.explain(["src/a.py"])
    assert (explanation.route.position, explanation.route.filter, explanation.route.provider) == (2, ".py", "Echo")
    assert [each.matched for each in explanation.considered] == [False, True, False]
    assert explanation.files == ("src/a.py",)
    assert (await echo.routes.explain([], "embed")).route is None
    with pytest.raises(InvalidParameter):
        await echo.routes.explain([], "any")


KINDS = st.sampled_from(["any", "chat", "fim", "embed"])
DRAFTS = st.builds(
    RuleDraft,
    filter=st.sampled_from(["", ".a", ".b"]),
    kind=KINDS,
    provider=st.just("p"),
    model=st.text("mn", max_size=2),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "move", "change", "remove"]), DRAFTS, st.integers(1, 8), st.integers(1, 8))
)


def step(rules, what, draft, one, two):
    """One change."""
    match what:
        case "add":
            return order.inserted(rules, draft, one if two > 4 else None)
        case "move":
            return order.moved(rules, one, two)
        case "change":
            return order.changed(rules, one, draft)
        case _:
            return order.removed(rules, one)


@given(STEPS)
def test_the_order_holds_whatever_is_done(steps):
    """After any steps: filters, catch-alls of a kind, the catch-all of any; never two of a kind."""
    rules = ()
    for each in steps:
        with contextlib.suppress(InvalidParameter, NotFound):
            rules = step(rules, *each)
        assert order.arranged(rules) == rules

"""An audit and a digest made by hand, with a text in every place that others write."""

from touchline.reports.audit.audit import Audit, Case, Cost, Hit, Moved, Next, Since, Walked, Weakness
from touchline.reports.weekly.digest import Costly, Day, Digest, Goal, Loop, MeasureMover, Mover, Voice
from touchline.vocabulary.durations import DAY, WEEK

BEGAN = 1_793_577_600_000
END = BEGAN + 4 * WEEK

LOSS = Cost(verdict="loss", value=3_412.0, low=2_871.0, high=3_990.0, e_value=2.1, at_risk=7_800.0)
TOO_FEW = Cost(verdict="unknown", missing="too few: 12 met it, 30 are needed")


def sample_audit(text: str = "webshop") -> Audit:
    """An audit of two touchpoints; `text` is what producers and teams write."""
    dead = Hit(
        rule="dead_clicks",
        title="Dead clicks",
        factor="technology",
        owner=text,
        frictions=84,
        unresolved=80,
        customers=71,
        strikes=420,
        cost=LOSS,
    )
    hung_up = Hit(
        rule=text,
        title=text,
        factor="people",
        owner="contact centre",
        frictions=130,
        unresolved=130,
        customers=119,
        strikes=1_950,
        cost=TOO_FEW,
    )
    case = Case(
        customer="6f1c2d5e-0000-5000-8000-000000000001",
        start=BEGAN,
        last=BEGAN + DAY,
        path=("web", text),
        events=19,
        strikes=70,
        grade="F",
        outcome="abandoned",
        rules=("Dead clicks", text),
    )
    following = Next(customers=60, left=2, ordered=11, contacted=9, returned=20, unseen=18, early=11)
    web = Weakness(
        channel="web",
        source=text,
        customers=1_870,
        affected=71,
        frictions=84,
        strikes=420,
        hits=(dead,),
        next=following,
        cases=(case, case, case),
        distinguishes=(f"3.1 times as frequent (2.2–4.4) with method {text}: 48 of 71 customers.",),
    )
    phone = Weakness(
        channel="phone",
        source=text,
        customers=904,
        affected=119,
        frictions=130,
        strikes=1_950,
        hits=(hung_up,),
        next=Next(customers=0, left=None, ordered=None, contacted=None, returned=0, unseen=0, early=9),
    )
    moved = Moved(channel="web", source=text, title=text, before=31.0, after=52.4)
    return Audit(
        since=BEGAN,
        until=END,
        end=END,
        zone="Europe/Berlin",
        customers=2_600,
        affected=188,
        frictions=214,
        currency="EUR",
        together=LOSS,
        caveats=(f"No longer sending: {text} (last on 2026-11-15).",),
        weak=(web, phone),
        others=3,
        walked=(Walked(walk="shop", step=text, passed=False, since=BEGAN, share=0.5, message=text),),
        changes=Since(until=END - WEEK, ranks=(("phone", text, 1),), moved=(moved,), days=7.0),
    )


def sample_digest(text: str = "webshop") -> Digest:
    """A digest with something in each of its parts."""
    mover = Mover(
        channel="web",
        source=text,
        rule="dead_clicks",
        title="Dead clicks",
        before=31.0,
        after=52.4,
        low=1.2,
        high=2.4,
        owner=text,
        factor="technology",
        why=(f"3.1 times as frequent (2.2–4.4) with method {text}: 48 of 71 customers.",),
    )
    better = Mover(
        channel="phone",
        source=text,
        rule=text,
        title=text,
        before=88.0,
        after=61.0,
        low=0.5,
        high=0.9,
        owner=text,
        factor="people",
    )
    return Digest(
        week="2026-W48",
        since=END - WEEK,
        until=END,
        end=END,
        zone="UTC",
        frictions=214,
        usual=180.5,
        affected=0.131,
        affected_before=0.102,
        unresolved=151,
        caveats=(f"No longer sending: {text} (last on 2026-11-15).",),
        incomparable="",
        compared=38,
        movers=(mover, better),
        measures=(MeasureMover(title="Service level", before="81.0 %", after="74.2 %", is_better=False),),
        currency="EUR",
        together=LOSS,
        costs_since=BEGAN,
        costly=(Costly(rule="dead_clicks", title="Dead clicks", owner=text, factor="technology", cost=LOSS),),
        loops=(Loop(title="Detractors answered", opened=22, closed=11, early=6),),
        goals=(
            Goal(
                title="Service level",
                value="74.2 %",
                before="81.0 %",
                goal="at least 80.0 %",
                distance="5.8 percentage points under goal",
                met=False,
            ),
        ),
        voices=(Voice(event="none", text=text, about=f"email · crm · {text}", at=END - DAY),),
        days=tuple(
            Day(at=BEGAN + day * DAY, rule=rule, title=title, number=(day * 7) % 11 + 2)
            for day in range(28)
            for rule, title in (("dead_clicks", "Dead clicks"), (text, text), ("", "All others"))
        ),
    )

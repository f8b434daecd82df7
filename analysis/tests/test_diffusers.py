"""Other people's solvers: from curves with known orders and floors to the words about them."""

import numpy as np
import pytest

from analysis.studies import diffusers
from analysis.studies.diffusers import everything, page, summary
from analysis.tests.synthetic import failed, record, tidy

LADDER = (7, 13, 25, 49, 97, 193, 385)


def curve(value, order, sampler="diffusers", schedule="log_snr", steps=LADDER, **settings):
    """Records of one solver; ``value(h)`` with h = 1 / (T - 1)."""
    options = {name.removeprefix("option_"): settings.pop(name) for name in list(settings) if "option_" in name}
    node = {"asked_at": "timestep", "precision": "shipped", "options": options, **settings}
    config = {"sampler": node, "schedule": {"end": settings.pop("end", None)}}
    for T in steps:
        names = {"target": "sphere", "K": None, "d": 16, "T": T, "study": "diffusers", "sampler": sampler,
                 "schedule": schedule, "order": order, "config": config}
        error = value(1.0 / (T - 1))
        yield failed("IndexError: index 41", **names) if error is None else record(value=error, **names)


def table(*curves):
    """With another scheduler beside them: a study names what varies in it."""
    other = curve(lambda h: 5 * h, 1, scheduler="EulerDiscreteScheduler")
    runs, _ = tidy([one for each in (*curves, other) for one in each])
    return diffusers.tables(runs)


def row(tables, **where):
    rows = tables["diffusers"]
    for name, value in where.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


DDIM, UNIPC, DPM = (f"{name}Scheduler" for name in ("DDIM", "UniPCMultistep", "DPMSolverMultistep"))


def test_an_order_that_holds_has_no_reason():
    found = row(table(curve(lambda h: 5 * h, 1, scheduler=DDIM)), solver=DDIM)
    assert (found["order"], found["claimed"], found["holds_to"]) == (pytest.approx(1.0), 1, 385)
    assert np.isnan(found["stops_at"]) and found["why"] == ""


def test_a_floor_of_single_precision_is_told_by_its_double():
    tables = table(curve(lambda h: 9 * h**3 + 2e-6, 3, scheduler=UNIPC),
                   curve(lambda h: 9 * h**3, 3, scheduler=UNIPC, precision="double"))
    found = row(tables, solver=UNIPC)
    assert found["stops_at"] == 193 and found["floor"] == pytest.approx(2.7e-6, rel=0.3)
    assert found["order"] == pytest.approx(3, abs=0.25)
    assert "single precision: in double the same code has 2e-07 at T = 385, shipped 2e-06" in found["why"]


def test_what_stops_in_double_as_well_is_not_precision():
    found = row(table(*(curve(lambda h: 9 * h**2 + 1e-3, 2, scheduler=UNIPC, precision=precision)
                        for precision in ("shipped", "double"))), solver=UNIPC)
    assert found["stops_at"] == 193 and "single precision" not in found["why"]


def test_rounded_timesteps_are_told_by_the_score_at_the_sigma_of_the_step():
    tables = table(*(curve(lambda h, floor=floor: 9 * h**2 + floor, 2, scheduler=UNIPC, schedule="trained",
                           asked_at=asked_at) for asked_at, floor in (("timestep", 1e-3), ("sigma", 0.0))),
                   curve(lambda h: 5 * h, 1, scheduler=DDIM, schedule="trained"))
    assert "timesteps are whole numbers" in row(tables, solver=UNIPC)["why"]


def test_a_formula_of_lower_order_is_named():
    orders = [curve(lambda h, true=true: 9 * h**true, 3, scheduler=DPM, option_solver_order=number)
              for number, true in ((3, 2), (4, 3))]
    tables = table(*orders)
    found = row(tables, solver=DPM, options="solver_order=3")
    assert found["order"] == pytest.approx(2.0) and np.isnan(found["holds_to"])
    assert "half of its weight" in found["why"]
    assert row(tables, solver=DPM, options="solver_order=4")["why"] == ""


def test_the_step_to_zero_noise_is_held_against_the_run_without_it():
    tables = table(curve(lambda h: 9 * h**2 + 1e-2, 2, scheduler=DPM, schedule="trained", end="zero"),
                   curve(lambda h: 9 * h**2, 2, scheduler=DPM, schedule="trained", end="sigma_min",
                         option_final_sigmas_type="sigma_min"))
    why = row(tables, levels="trained, to zero")["why"]
    assert "last step, from sigma_min to zero noise" in why and "without it 6e-05 at T = 385, with it 1e-02" in why
    assert row(tables, levels="trained, to sigma_min")["why"] == ""


def test_lower_final_orders_are_told_by_the_run_without_them():
    double = {"scheduler": UNIPC, "precision": "double"}
    tables = table(*(curve(lambda h: 9 * h**3 + h**2 / 9, 3, **names) for names in ({"scheduler": UNIPC}, double)),
                   curve(lambda h: 9 * h**3, 3, scheduler=UNIPC, option_lower_order_final=False),
                   curve(lambda h: 9 * h**3, 3, **double, option_lower_order_final=False))
    assert "lower_order_final: in double 2e-07 at T = 385" in row(tables, solver=UNIPC, options="")["why"]
    assert row(tables, solver=UNIPC, options="lower_order_final=False")["why"] == ""


def test_runs_that_failed_say_why_in_the_words_of_their_records_and_no_others():
    tables = table(curve(lambda h: 9 * h if h > 1 / 40 else None, 1, scheduler=DPM))
    assert row(tables, solver=DPM)["why"] == "fails from T = 49 on: IndexError: index 41"


def test_a_failure_is_told_of_the_levels_it_happened_on():
    tables = table(curve(lambda h: 9 * h if h > 1 / 40 else None, 1, scheduler=DPM, schedule="trained"),
                   curve(lambda h: 9 * h, 1, scheduler=DPM),
                   curve(lambda h: 5 * h, 1, scheduler=DDIM, schedule="trained"))
    assert row(tables, solver=DPM, levels="ours")["why"] == ""
    assert "fails from T = 49" in row(tables, solver=DPM, levels="trained, to sigma_min")["why"]


def test_an_error_that_rises_again_is_noticed():
    spaced = [curve(lambda h, rise=rise: rise if h == 1 / 192 else 5 * h, 1, scheduler=DDIM, option_timestep_spacing=x)
              for x, rise in (("linspace", 0.15), ("leading", 5 / 192))]
    found = row(table(*spaced), solver=DDIM, options="timestep_spacing=linspace")
    assert found["why"].startswith("rises at T = 193") and "t - 1000 // N" in found["why"]


@pytest.mark.parametrize("folded, words", [(0.0, ["25", "49", "1e-03"]), (0.01, ["25 †", "49 †", "1e-03 †"])])
def test_where_a_solver_holds_and_stops_is_marked(folded, words):
    stops = [one | {"folded": folded * (one["T"] >= 49)} for one in curve(lambda h: max(h**2, 1e-3), 2, scheduler=DDIM)]
    shown = everything(table(stops)["diffusers"]).set_index("solver").loc["DDIM"]
    assert shown[["holds to T", "stops at T", "at TV"]].tolist() == words


def test_tables_for_people():
    tables = table(curve(lambda h: 5 * h, 1, scheduler=DDIM), curve(lambda h: 9 * h**3, 3, scheduler=UNIPC),
                   *(curve(lambda h: 9 * h**3, 3, sampler="solve_ivp", method=name) for name in ("RK23", "RK45")))
    whole, few = everything(tables["diffusers"]), summary(tables)
    assert list(whole["solver"][:5]) == ["DDIM", "EulerDiscrete", "UniPCMultistep", "RK23", "RK45"]
    assert list(few["solver"]) == ["DDIM", "EulerDiscrete", "UniPCMultistep"] and few["order"][0] == "1.0"
    assert "| DDPM |" in page(tables) and "cannot run: adds noise in every step" in page(tables)


def test_without_runs_there_is_an_empty_summary():
    runs, _ = tidy([])
    tables = diffusers.tables(runs)
    assert tables["diffusers"]["why"].str.startswith("cannot run").all() and summary(tables).empty

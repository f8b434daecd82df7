"""A question of one's own on the command line, from its records to its table and picture."""

from analysis import report
from analysis.tests.synthetic import save, sweep


def test_it_ends_in_its_table_and_picture(tmp_path, capsys):
    save(tmp_path, sweep())
    assert report.main(["sweep", "--results", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "UniPC, d = 64" in said and "declared 3" in said
    for line, name in (("Table: ", "sweep.csv"), ("Figure: ", "sweep.png")):
        (path,) = tmp_path.rglob(name)
        assert line in said and str(path) in said
    assert not list(tmp_path.rglob("sweep_answers.csv"))

"""A config may run the code of heroism and of modules that the user names, and is refused before anything runs."""

import pickle

import pytest

BASIC = "hydra/launcher=basic"
MINE = '''
import numpy as np
from heroism.targets import GaussianMixture

class Mine(GaussianMixture):
    def __init__(self, dim, slip=1.0):
        super().__init__(np.zeros((1, dim)), 0.5)
        self.slip = slip
    def score(self, bundle, level):
        return super().score(bundle, level) * np.where(np.arange(len(bundle)) > 0, self.slip, 1.0)[:, None, None]

def copy(source, target):
    raise AssertionError("this was called")
'''


class Trap:
    """Unpickled, it writes a file."""

    def __reduce__(self):
        return (open, ("trapped", "w"))


@pytest.fixture
def mine(tmp_path, monkeypatch):
    (tmp_path / "my_targets.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trap.pkl").write_bytes(pickle.dumps(Trap()))
    return tmp_path


FOREIGN = ["shutil.copy", "numpy.load", "pandas.read_pickle", "os.system", "builtins.eval", "heroism.noise.np.load",
           "heroism.errors.math.sqrt", "heroism.errors.InputError.__class__", "heroismx.targets", "hydra.utils.call",
           "my_targets.copy", "heroism.targets.Spere", "heroism", "nowhere.at.all", "''", "3", "null"]


@pytest.mark.parametrize("multirun", [(), ("-m", BASIC)])
@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("place", ["target._target_", "sampler._target_", "measure.total_variation._target_"])
def test_nobody_elses_code_is_called(command, mine, place, foreign, multirun):
    assert command(*multirun, f"{place}={foreign}") == 2
    assert place.removesuffix("._target_") in command.err and command.err.count("\n") == 1, command.err
    assert not (mine / "raw").exists()


@pytest.mark.parametrize("nested", [
    "target.radius={_target_:numpy.load,file:trap.pkl,allow_pickle:true}", "+target.extra=[{_target_:os.getcwd}]",
    "+hydra.launcher.extra={_target_:os.getcwd}", "hydra.launcher._target_=os.getcwd"])
def test_nor_anywhere_inside(command, mine, nested):
    assert command("-m", BASIC, nested) == 2
    assert "os.getcwd" in command.err or "numpy.load" in command.err
    assert not (mine / "raw").exists() and not (mine / "trapped").exists()




OWN = ("target=gaussian_mixture", "target._target_=my_targets.Mine", "+target.dim=2", "~target.means",
       "~target.covariances", "~target.weights")


@pytest.mark.parametrize("multirun", [(), ("-m", BASIC), ("-m", "hydra/launcher=joblib", "hydra.launcher.n_jobs=1")])
def test_a_class_of_ones_own_runs_once_its_module_is_named(command, mine, multirun):
    arguments = (*multirun, *OWN)
    assert command(*arguments) == 2
    assert "plugins=[...]" in command.err
    assert command(*arguments, "plugins=[my_targets]") == 0, command.err
    assert len(command.records()) == 2


def test_and_says_what_one_law_says(command, mine):
    arguments = (*OWN, "plugins=[my_targets]", "+target.slip=0.5")
    for multirun in ((), ("-m", BASIC)):
        assert command(*multirun, *arguments) == 2
        assert "Mine" in command.err and command.err.count("\n") == 1, command.err
        assert not (mine / "raw").exists()


@pytest.mark.parametrize("wrong", ["plugins=[nowhere_at_all]", "plugins=3", "plugins=[../mine]", "plugins=[[]]"])
def test_plugins_are_modules_that_are_found(command, wrong):
    assert command(wrong) == 2
    assert command.err.startswith("plugins = ") and command.err.count("\n") == 1

"""Small environments that the agent's tests play in."""

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete


class Recall(gymnasium.Env):
    """Shows 1 or 2 at first and 0 for two steps after; the last action has to name it: 1 if it does, else -1."""

    observation_space = Discrete(3)
    action_space = Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.cue = int(self.np_random.integers(2))
        self.left = 3
        return 1 + self.cue, {}

    def step(self, action):
        self.left -= 1
        over = self.left == 0
        return 0, (2.0 * (action == self.cue) - 1) if over else 0.0, over, False, {}


class Aim(gymnasium.Env):
    """Shows a number from -1 to 1; the reward is minus the distance of a third of the action from it. Cut off at 8."""

    observation_space = Box(-1, 1, (1,))
    action_space = Box(-3, 3, (1,))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return self._look(), {}

    def step(self, action):
        reward = -abs(action.item() / 3 - self.shown.item())
        self.count += 1
        return self._look(), reward, False, self.count == 8, {}

    def _look(self):
        self.shown = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        return self.shown


class Broken(Aim):
    """Shows NaN after the first step."""

    def _look(self):
        return super()._look() * (np.nan if self.count else 1)


class Odd(Aim):
    """Observes a dictionary."""

    observation_space = gymnasium.spaces.Dict({"place": Box(-1, 1, (1,))})


for _name in ("Recall", "Aim", "Broken", "Odd"):
    gymnasium.register(f"{_name}-v0", f"agent_environments:{_name}")

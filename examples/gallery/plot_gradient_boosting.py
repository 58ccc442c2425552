"""
How do I schedule LightGBM and XGBoost?
=======================================

.. currentmodule:: hypercycle

A schedule is a function of a whole number, and both libraries take such a function in a callback.
LightGBM uses its value in the round that it is called with, XGBoost one round later.

What a round really uses can be measured. Here the target is the feature itself, −1 or 1, and a
tree with one split fits it exactly, so that each round takes away its learning rate's part of what
is left.
"""

import lightgbm
import numpy as np
import xgboost
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import hypercycle as hc

lr = hc.Cycle(low=0.1, high=0.5, step_size_up=4)
rounds = 12
target = np.repeat([-1.0, 1.0], 50)
feature = target.reshape(-1, 1)


def rates_used(predictions):
    """Return each round's learning rate, from what is predicted for 1 after each round."""
    left = 1 - np.array([0.0, *predictions])
    return (1 - left[1:] / left[:-1]).round(4).tolist()


# %%
# LightGBM
# --------
#
# ``lightgbm.reset_parameter`` takes one schedule for each parameter, and is exact. It drives all
# that LightGBM can change between rounds: ``feature_fraction=hc.Cycle(0.5, 1.0, 4)`` too.


def lightgbm_rates(learning_rate):
    """Return the rates of a run with this schedule."""
    booster = lightgbm.train(
        {"num_leaves": 2, "boost_from_average": False, "verbosity": -1},
        lightgbm.Dataset(feature, target),
        num_boost_round=rounds,
        callbacks=[lightgbm.reset_parameter(learning_rate=learning_rate)],
    )
    steps = range(1, rounds + 1)
    return rates_used([booster.predict([[1.0]], num_iteration=step)[0] for step in steps])


asked = [round(lr(step), 4) for step in range(rounds)]
lightgbm_used = lightgbm_rates(lr)
print("asked   ", asked)
print("LightGBM", lightgbm_used)
assert lightgbm_used == asked

# %%
# XGBoost
# -------
#
# ``xgboost.callback.LearningRateScheduler`` sets the rate *after* the round that it is called with.
# Round 0 therefore uses the ``eta`` of the parameters (0.3 unless given), and round ``i`` the value
# for ``i − 1``.


def xgboost_rates(learning_rate, **parameters):
    """Return the rates of a run with this schedule."""
    exact = {"base_score": 0.0, "max_depth": 1, "reg_lambda": 0.0}
    booster = xgboost.train(
        exact | parameters,
        xgboost.DMatrix(feature, target),
        num_boost_round=rounds,
        callbacks=[xgboost.callback.LearningRateScheduler(learning_rate)],
    )
    one = xgboost.DMatrix([[1.0]])
    done = [(0, step) for step in range(1, rounds + 1)]
    return rates_used([booster.predict(one, iteration_range=part)[0] for part in done])


xgboost_used = xgboost_rates(lr)
print("asked  ", asked)
print("XGBoost", xgboost_used)
assert xgboost_used == [0.3, *asked[:-1]]

# %%
# The cure: give round 0 its rate as ``eta``, and the callback the value of the next round.

cured = xgboost_rates(lambda step: lr(step + 1), eta=lr(0))
print("cured  ", cured)
assert cured == asked

figure, axes = plt.subplots()
axes.plot(asked, color="0.5", linewidth=5, alpha=0.4, label="asked for")
axes.plot(lightgbm_used, "o", label="LightGBM, and XGBoost cured")
axes.plot(xgboost_used, "s--", label="XGBoost")
axes.set(xlabel="round", ylabel="learning rate")
axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
plt.show()

# %%
# On real data
# ------------
#
# Training that is continued counts its rounds from 0 again, in both libraries: add the rounds that
# are done. Here 24 rounds on handwritten digits are made in two runs, and give what one run gives.

images, digits = load_digits(return_X_y=True)
train_images, test_images, train_digits, test_digits = train_test_split(
    images, digits, test_size=500, random_state=0, stratify=digits
)
parameters = {"objective": "multi:softmax", "num_class": 10, "max_depth": 3, "seed": 0}
data = xgboost.DMatrix(train_images, train_digits)


def train(rounds, done=0, booster=None):
    """Train for so many rounds more, on the same schedule."""
    schedule = xgboost.callback.LearningRateScheduler(lambda step: lr(done + step + 1))
    begin = parameters | {"eta": lr(done)}
    return xgboost.train(begin, data, rounds, callbacks=[schedule], xgb_model=booster)


whole = train(24)
in_two = train(14, done=10, booster=train(10))
predicted = whole.predict(xgboost.DMatrix(test_images))
print(f"accuracy {np.mean(predicted == test_digits):.3f}")
assert np.array_equal(predicted, in_two.predict(xgboost.DMatrix(test_images)))
assert whole.get_dump() == in_two.get_dump()

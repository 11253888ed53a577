"""Writes tests/reference/series.txt: what forecasts of windows of series are worth, for tests/unit/test_data_windows.c: a computation
by numpy and scikit-learn of its own, row by row, from the papers' formulas.

    build/venv/bin/python tests/reference/series.py

A case: "GROUPS ROWS LENGTH HORIZON SEASON TEST", for each group its y (rows apart by a blank); for each window of the test part, group
after group, the HORIZON numbers that a network is said to give: of log(y), less the value SEASON rows before. Then mae, mse, mase,
smape, and the mean absolute errors of repeating the last value and the value of a season before.
"""
import numpy as np
from sklearn.metrics import mean_absolute_error, mean_squared_error

draw = np.random.default_rng(5)
with open("tests/reference/series.txt", "w") as out:
    for groups, rows, length, horizon, season, share in ((1, 40, 6, 1, 1, 0.25), (2, 50, 5, 4, 4, 0.3), (3, 61, 8, 12, 7, 0.4), (2, 45, 3, 3, 12, 0.2)):
        out.write(f"{groups} {rows} {length} {horizon} {season} {share}\n")
        series = [np.round(30 + 20 * g + np.arange(rows) + 9 * np.sin(np.arange(rows)) + draw.normal(size=rows), 3) for g in range(groups)]
        for y in series:
            out.write(" ".join(map(repr, map(float, y))) + "\n")
        border = rows - int(rows * share + 0.5)
        truth, forecast, last, seasonal, steps = [], [], [], [], []
        for y in series:
            steps += [abs(y[t] - y[t - season]) for t in range(season, border)]
            for first in range(border, rows - horizon + 1):
                given = np.round([np.log(y[first + h] / y[first + h - season]) + 0.1 * draw.normal() for h in range(horizon)], 4)
                out.write(" ".join(map(repr, map(float, given))) + "\n")
                known = list(y[:first])
                for h in range(horizon):  # from what is known, and beyond it from the forecast itself
                    known.append(np.exp(np.log(known[first + h - season]) + given[h]))
                    truth.append(y[first + h])
                    forecast.append(known[-1])
                    last.append(y[first - 1])
                    seasonal.append(y[first - season + h % season])
        truth, forecast = np.array(truth), np.array(forecast)
        mase = np.mean(np.abs(truth - forecast)) / np.mean(steps)  # Hyndman & Koehler 2006; the steps of all series together
        smape = np.mean(200 * np.abs(truth - forecast) / (np.abs(truth) + np.abs(forecast)))  # Makridakis 1993
        figures = [mean_absolute_error(truth, forecast), mean_squared_error(truth, forecast), mase, smape,
                   mean_absolute_error(truth, last), mean_absolute_error(truth, seasonal)]
        out.write(" ".join(map(repr, map(float, figures))) + "\n")

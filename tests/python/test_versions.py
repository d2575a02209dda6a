"""What a bug report needs is printed, and nothing of the user."""

import getpass
import os

import numpy as np
import torch
from typer.testing import CliRunner

import spotscape
from spotscape.cli import app


def test_versions_of_all_that_matters_are_printed(capsys):
    spotscape.show_versions()
    words = capsys.readouterr().out
    lines = dict(line.split(maxsplit=1) for line in words.splitlines() if line)
    assert lines["spotscape"] == spotscape.__version__
    assert (lines["numpy"], lines["torch"]) == (np.__version__, torch.__version__)
    assert "Accelerator:" in words
    assert os.getcwd() not in words
    assert getpass.getuser() not in words.split()
    assert CliRunner().invoke(app, ["versions"]).output == words


def test_packages_that_are_not_there_are_left_out(capsys, monkeypatch):
    monkeypatch.setattr(
        "spotscape._versions.requires", lambda name: ["numpy>=2", 'nothing-at-all; extra == "x"']
    )
    spotscape.show_versions()
    words = capsys.readouterr().out
    assert "numpy" in words
    assert "nothing" not in words

"""The rows of the second half: what was read, where a relationship stands, flags, what people did, what came of it."""

from analysis.models.backtests import OVER, Backtest, BacktestFile, BacktestState, BacktestWeek
from analysis.models.calibrations import Calibration, CalibrationKind, CalibrationStatus, RefitRun, TextCalibration
from analysis.models.fairness import RatingContest, Verdict
from analysis.models.ladder import LadderRuleSet, Referral
from analysis.models.levels import FirmLevels
from analysis.models.readings import AnswerAnalysis, Correction, OwnAspect, SpotCheck
from analysis.models.relationships import (
    LIVE,
    Flag,
    FlagDay,
    FlagStatus,
    FollowUp,
    FollowUpKind,
    LadderMove,
    Outcome,
    OutcomeResult,
    RelationshipState,
    Rung,
    Severity,
)
from analysis.models.risks import DriftCheck, RiskReading
from analysis.models.themes import THEME_NAME, Theme, ThemeMention, ThemeRun

__all__ = [
    "LIVE",
    "OVER",
    "THEME_NAME",
    "AnswerAnalysis",
    "Backtest",
    "BacktestFile",
    "BacktestState",
    "BacktestWeek",
    "Calibration",
    "CalibrationKind",
    "CalibrationStatus",
    "Correction",
    "DriftCheck",
    "FirmLevels",
    "Flag",
    "FlagDay",
    "FlagStatus",
    "FollowUp",
    "FollowUpKind",
    "LadderMove",
    "LadderRuleSet",
    "Outcome",
    "OutcomeResult",
    "OwnAspect",
    "RatingContest",
    "Referral",
    "RefitRun",
    "RelationshipState",
    "RiskReading",
    "Rung",
    "Severity",
    "SpotCheck",
    "TextCalibration",
    "Theme",
    "ThemeMention",
    "ThemeRun",
    "Verdict",
]

"""The rows of the second half: what was read, where a relationship stands, flags, what people did, what came of it."""

from analysis.models.calibrations import Calibration, CalibrationStatus, TextCalibration
from analysis.models.fairness import RatingContest, Verdict
from analysis.models.ladder import LadderRuleSet, Referral
from analysis.models.readings import AnswerAnalysis, Correction, OwnAspect, SpotCheck
from analysis.models.relationships import (
    LIVE,
    Flag,
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
from analysis.models.themes import THEME_NAME, Theme, ThemeMention, ThemeRun

__all__ = [
    "LIVE",
    "THEME_NAME",
    "AnswerAnalysis",
    "Calibration",
    "CalibrationStatus",
    "Correction",
    "Flag",
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
    "RelationshipState",
    "Rung",
    "Severity",
    "SpotCheck",
    "TextCalibration",
    "Theme",
    "ThemeMention",
    "ThemeRun",
    "Verdict",
]

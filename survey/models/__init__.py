"""The rows of the first half of the story: the firm, its clients, their jobs, the invitations and the answers."""

from survey.models.answers import Answer, ResponseOrigin, SurveyResponse, Touchpoint
from survey.models.clients import Client, Contact, MailBlock
from survey.models.evidence import HeldAnswer, HeldOutcome, HeldWhy, LinkSeen, LinkVerdict, VisitTally
from survey.models.firm import Firm, FirmLogo, Heartbeat
from survey.models.invitations import Invitation, InvitationState, SurveyEvent, SurveyEventKind
from survey.models.jobs import Exclusion, Job, Resolution, ResolutionStaff
from survey.models.questionnaires import (
    ConfidentialAnswer,
    Questionnaire,
    QuestionnaireEdit,
    QuestionnaireUse,
    QuestionnaireUseChange,
    QuestionnaireVersion,
)
from survey.models.repairs import Repair, RepairKind, RepairState
from survey.models.schedules import SchedulePause, SurveyRuleSet
from survey.models.updates import ClientUpdate, UpdateStage

__all__ = [
    "Answer",
    "Client",
    "ClientUpdate",
    "ConfidentialAnswer",
    "Contact",
    "Exclusion",
    "Firm",
    "FirmLogo",
    "Heartbeat",
    "HeldAnswer",
    "HeldOutcome",
    "HeldWhy",
    "Invitation",
    "InvitationState",
    "Job",
    "LinkSeen",
    "LinkVerdict",
    "MailBlock",
    "Questionnaire",
    "QuestionnaireEdit",
    "QuestionnaireUse",
    "QuestionnaireUseChange",
    "QuestionnaireVersion",
    "Repair",
    "RepairKind",
    "RepairState",
    "Resolution",
    "ResolutionStaff",
    "ResponseOrigin",
    "SchedulePause",
    "SurveyEvent",
    "SurveyEventKind",
    "SurveyResponse",
    "SurveyRuleSet",
    "Touchpoint",
    "UpdateStage",
    "VisitTally",
]

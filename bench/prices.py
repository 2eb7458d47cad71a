"""AWS's list prices in us-east-1, in US dollars, as known on 25 November 2026.

Free tiers are kept apart: what an account uses of them is not known here.
"""

from dataclasses import dataclass
from enum import Enum

THOUSAND, MILLION = 1_000, 1_000_000
GB = 10**9
HOURS_A_MONTH = 730  # as AWS's own calculator has it
REGION, DATE = "us-east-1", "2026-11-25"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """`dollars` for `per` units; `free` units a month cost nothing, for as long as AWS has it so.

    `page` is below https://aws.amazon.com/.
    """

    unit: str
    dollars: float
    page: str
    per: int = 1
    free: float = 0


class Price(Enum):
    """The first step of each price: none of ours comes near the second."""

    HTTP_API = _Listed(
        unit="HTTP API request, each 512 KB", dollars=1.00, per=MILLION, page="api-gateway/pricing"
    )
    LAMBDA_REQUEST = _Listed(
        unit="Lambda request", dollars=0.20, per=MILLION, free=MILLION, page="lambda/pricing"
    )
    LAMBDA_GB_SECOND = _Listed(
        unit="Lambda GB-second, arm64", dollars=0.0000133334, free=400_000, page="lambda/pricing"
    )
    DYNAMODB_WRITE = _Listed(
        unit="DynamoDB write unit, on demand",
        dollars=0.625,
        per=MILLION,
        page="dynamodb/pricing/on-demand",
    )
    DYNAMODB_READ = _Listed(
        unit="DynamoDB read unit, on demand",
        dollars=0.125,
        per=MILLION,
        page="dynamodb/pricing/on-demand",
    )
    DYNAMODB_GB = _Listed(
        unit="DynamoDB GB-month", dollars=0.25, free=25, page="dynamodb/pricing/on-demand"
    )
    DYNAMODB_PITR_GB = _Listed(
        unit="DynamoDB point-in-time recovery, GB-month",
        dollars=0.20,
        page="dynamodb/pricing/on-demand",
    )
    SQS_REQUEST = _Listed(
        unit="SQS request, each 64 KB", dollars=0.40, per=MILLION, free=MILLION, page="sqs/pricing"
    )
    S3_PUT = _Listed(unit="S3 PUT, POST or LIST", dollars=0.005, per=THOUSAND, page="s3/pricing")
    S3_GET = _Listed(unit="S3 GET or HEAD", dollars=0.0004, per=THOUSAND, page="s3/pricing")
    S3_GB = _Listed(unit="S3 Standard GB-month", dollars=0.023, page="s3/pricing")
    SNS_PUBLISH = _Listed(
        unit="SNS publish, each 64 KB", dollars=0.50, per=MILLION, free=MILLION, page="sns/pricing"
    )
    SECRET = _Listed(unit="secret, a month", dollars=0.40, page="secrets-manager/pricing")
    SECRET_READ = _Listed(
        unit="Secrets Manager call", dollars=0.05, per=10_000, page="secrets-manager/pricing"
    )
    KMS_REQUEST = _Listed(
        unit="KMS request", dollars=0.03, per=10_000, free=20_000, page="kms/pricing"
    )
    ALARM = _Listed(
        unit="alarm on one metric, a month", dollars=0.10, free=10, page="cloudwatch/pricing"
    )
    METRIC = _Listed(
        unit="own metric, a month, by the hour", dollars=0.30, free=10, page="cloudwatch/pricing"
    )
    DASHBOARD = _Listed(unit="dashboard, a month", dollars=3.00, free=3, page="cloudwatch/pricing")
    LOG_GB = _Listed(unit="GB logged", dollars=0.50, free=5, page="cloudwatch/pricing")
    EVENT = _Listed(unit="scheduled event", dollars=1.00, per=MILLION, page="eventbridge/pricing")
    GB_OUT = _Listed(
        unit="GB out to the internet", dollars=0.09, free=100, page="ec2/pricing/on-demand"
    )

    @property
    def unit(self) -> str:
        return self.value.unit

    def of(self, units: float) -> float:
        return units * self.value.dollars / self.value.per

    def beyond_free(self, units: float) -> float:
        """What so many units of a month cost where nothing else uses the free ones."""
        return self.of(max(units - self.value.free, 0))

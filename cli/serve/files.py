"""Files of an archive, streamed from S3."""

from cli.serve import answer
from cli.serve.answer import Answer
from cli.serve.pages import problem
from cli.serve.routes import RunFile
from cli.stack.records import read_run
from cli.stack.target import Target
from functions.aws.bucket import PIECE_BYTES, content_type


def stored_file(target: Target, asked: RunFile) -> Answer:
    """Only what lies below the run's prefix. Its type follows from its name: what S3 says of it,
    anybody who can write to the bucket may have chosen.
    """
    record = read_run(target, f"{asked.workspace_uid}/{asked.run_id}")
    if "archive_prefix" not in record:
        return problem(404, "This run has no files.", "It was not archived.")
    key = f"{record['archive_prefix']}{asked.path}"
    try:
        stored = target.s3.get_object(Bucket=target.bucket, Key=key)
    except target.s3.exceptions.NoSuchKey:
        return problem(
            404, "There is no such file.", f"{key} is not in the archive, or has expired."
        )
    return answer.file(
        asked.path.rpartition("/")[2],
        content_type(key),
        stored["ContentLength"],
        stored["Body"].iter_chunks(PIECE_BYTES),
    )

"""The questions that have commands of their own, in SQL that both DuckDB and Trino (Athena) read.

The tables `runs`, `commands` and `nodes` are those of docs/history.md. Instants are texts, which
sort. A schedule belongs to a workspace, and a node is looked at in each schedule on its own:
another one may run it on other data.
"""

from functions.findings.artifacts.statuses import FAILED

_FAILED = ", ".join(f"'{status}'" for status in FAILED)

# A test passed if its status is success, and failed if it found rows; that it could not run (error,
# skipped) says nothing of what it tests.
FLAKY = """
with outcomes as (
    select workspace_uid, schedule_name, unique_id, commit_hash, run_key, run_started_at,
        command_index, case when status = 'success' then 0 else 1 end as failed
    from nodes
    where type in ('test', 'unit_test') and status in ('success', 'fail', 'warn')
),
counted as (
    select workspace_uid, schedule_name, unique_id, count(*) as results, sum(failed) as failures,
        max(case when failed = 1 then run_started_at end) as last_failed_at
    from outcomes
    group by workspace_uid, schedule_name, unique_id
),
turns as (
    select o.workspace_uid, o.schedule_name, o.unique_id,
        case when o.failed <> lag(o.failed) over (
            partition by o.workspace_uid, o.schedule_name, o.unique_id
            order by o.run_started_at, o.run_key, o.command_index
        ) then 1 else 0 end as flip
    from outcomes as o
    join counted as c on c.workspace_uid = o.workspace_uid
        and c.schedule_name = o.schedule_name and c.unique_id = o.unique_id
    where c.failures > 0 and c.failures < c.results
),
flipped as (
    select workspace_uid, schedule_name, unique_id, sum(flip) as flips
    from turns
    group by workspace_uid, schedule_name, unique_id
),
tests as (
    select c.workspace_uid, c.schedule_name, c.unique_id, c.results, c.failures, c.last_failed_at,
        coalesce(f.flips, 0) as flips
    from counted as c
    left join flipped as f on f.workspace_uid = c.workspace_uid
        and f.schedule_name = c.schedule_name and f.unique_id = c.unique_id
),
compared as (
    select *,
        sum(flips) over (partition by workspace_uid, schedule_name) - flips as others_flips,
        sum(results - 1) over (partition by workspace_uid, schedule_name) - (results - 1)
            as others_chances
    from tests
),
rated as (
    select *, flips * 1.0 / nullif(results - 1, 0) as flip_rate,
        coalesce(others_flips * 1.0 / nullif(others_chances, 0), 0) as others_flip_rate
    from compared
),
either_way as (
    select workspace_uid, schedule_name, unique_id, commit_hash
    from outcomes
    where commit_hash is not null
    group by workspace_uid, schedule_name, unique_id, commit_hash
    having min(failed) <> max(failed)
),
mixed as (
    select workspace_uid, schedule_name, unique_id, count(*) as commits
    from either_way
    group by workspace_uid, schedule_name, unique_id
)
select rated.unique_id, rated.schedule_name, coalesce(mixed.commits, 0) as commits_with_both,
    rated.results, rated.failures, rated.flips, rated.flip_rate, rated.others_flip_rate,
    rated.last_failed_at, rated.workspace_uid
from rated
left join mixed on mixed.workspace_uid = rated.workspace_uid
    and mixed.schedule_name = rated.schedule_name and mixed.unique_id = rated.unique_id
where mixed.commits > 0 or (rated.flips >= 3 and rated.flip_rate > 2 * rated.others_flip_rate)
order by commits_with_both desc, rated.flips desc, rated.unique_id, rated.schedule_name
"""

# The median of the last 7 results against that of the 28 before: a quarter longer, and by a second.
SLOW = """
with successful as (
    select workspace_uid, schedule_name, unique_id, run_started_at, run_key, command_index, seconds
    from nodes
    where type in ('model', 'snapshot', 'seed') and status = 'success' and seconds is not null
),
suspects as (
    select workspace_uid, schedule_name, unique_id
    from successful
    group by workspace_uid, schedule_name, unique_id
    having count(*) >= 14 and max(seconds) - min(seconds) >= 1
),
timed as (
    select n.workspace_uid, n.schedule_name, n.unique_id, n.seconds, row_number() over (
            partition by n.workspace_uid, n.schedule_name, n.unique_id
            order by n.run_started_at desc, n.run_key desc, n.command_index desc
        ) as age
    from successful as n
    join suspects as s on s.workspace_uid = n.workspace_uid
        and s.schedule_name = n.schedule_name and s.unique_id = n.unique_id
),
parted as (
    select workspace_uid, schedule_name, unique_id, seconds,
        case when age <= 7 then 'last' else 'before' end as part
    from timed
    where age <= 35
),
placed as (
    select workspace_uid, schedule_name, unique_id, part, seconds,
        row_number() over (
            partition by workspace_uid, schedule_name, unique_id, part order by seconds
        ) as place,
        count(*) over (partition by workspace_uid, schedule_name, unique_id, part) as results
    from parted
),
medians as (
    select workspace_uid, schedule_name, unique_id, part, max(results) as results,
        avg(seconds) as seconds
    from placed
    where place in (floor((results + 1) / 2.0), floor((results + 2) / 2.0))
    group by workspace_uid, schedule_name, unique_id, part
)
select l.unique_id, l.schedule_name, l.seconds as last_seconds, l.results as last_results,
    b.seconds as before_seconds, b.results as before_results, l.seconds / b.seconds as ratio,
    l.workspace_uid
from medians as l
join medians as b on b.workspace_uid = l.workspace_uid and b.schedule_name = l.schedule_name
    and b.unique_id = l.unique_id
where l.part = 'last' and b.part = 'before' and l.results = 7 and b.results >= 7
    and l.seconds >= 1.25 * b.seconds and l.seconds - b.seconds >= 1
order by l.seconds - b.seconds desc, l.unique_id, l.schedule_name
"""

# A node fails while its last result is a failure that no later command of the run healed.
FAILING = f"""
with suspects as (
    select workspace_uid, schedule_name, unique_id
    from nodes
    where not healed and status in ({_FAILED})
    group by workspace_uid, schedule_name, unique_id
),
outcomes as (
    select n.workspace_uid, n.schedule_name, n.unique_id, n.run_key, n.run_started_at,
        n.commit_hash, n.status, n.reason, case when not n.healed
            and n.status in ({_FAILED})
            then 1 else 0 end as failed,
        row_number() over (
            partition by n.workspace_uid, n.schedule_name, n.unique_id
            order by n.run_started_at desc, n.run_key desc, n.command_index desc
        ) as age
    from nodes as n
    join suspects as s on s.workspace_uid = n.workspace_uid
        and s.schedule_name = n.schedule_name and s.unique_id = n.unique_id
    where n.status not in ('skipped', 'no-op')
),
good as (
    select workspace_uid, schedule_name, unique_id, min(age) as age,
        max(run_started_at) as last_success_at
    from outcomes
    where failed = 0
    group by workspace_uid, schedule_name, unique_id
)
select o.unique_id, o.schedule_name, min(o.run_started_at) as failing_since,
    min_by(o.commit_hash, o.run_started_at) as since_commit, count(distinct o.run_key) as runs,
    max(good.last_success_at) as last_success_at,
    max(case when o.age = 1 then o.status end) as status,
    max(case when o.age = 1 then o.reason end) as reason, o.workspace_uid
from outcomes as o
left join good on good.workspace_uid = o.workspace_uid
    and good.schedule_name = o.schedule_name and good.unique_id = o.unique_id
where o.age < coalesce(good.age, 1000000000)
group by o.workspace_uid, o.schedule_name, o.unique_id
order by failing_since, o.unique_id, o.schedule_name
"""  # noqa: S608 (of our own words)

# Of nodes, and of commands that failed without naming any; what was healed counts as well.
REASONS = f"""
with failures as (
    select unique_id, run_key, run_started_at, reason, fingerprint
    from nodes
    where status in ({_FAILED})
    union all
    select unique_id, run_key, run_started_at, reason, fingerprint
    from commands
    where status = 'error'
)
select count(*) as failures, count(distinct unique_id) as nodes, count(distinct run_key) as runs,
    min(run_started_at) as first_seen, max(run_started_at) as last_seen, min(reason) as reason,
    fingerprint
from failures
where reason is not null and fingerprint is not null
group by fingerprint
order by failures desc, fingerprint
"""  # noqa: S608 (of our own words)

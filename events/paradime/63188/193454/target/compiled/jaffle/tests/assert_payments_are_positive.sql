select *
from "jaffle"."main"."stg_payments"
where amount <= 0
select
    customers.customer_id,
    customers.order_count,
    coalesce(sum(orders.amount_usd), 0) as lifetime_value
from "jaffle"."main"."customers" as customers
left join "jaffle"."main"."orders" as orders using (customer_id)
group by all
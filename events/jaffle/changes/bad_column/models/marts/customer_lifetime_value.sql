select
    customers.customer_id,
    customers.order_count,
    coalesce(sum(orders.amount_usd), 0) as lifetime_value
from {{ ref('customers') }} as customers
left join {{ ref('orders') }} as orders using (customer_id)
group by all

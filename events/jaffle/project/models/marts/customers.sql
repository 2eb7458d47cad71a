select
    customers.customer_id,
    customers.first_name,
    customers.last_name,
    min(orders.ordered_on) as first_ordered_on,
    max(orders.ordered_on) as last_ordered_on,
    count(orders.order_id) as order_count
from {{ ref('stg_customers') }} as customers
left join {{ ref('stg_orders') }} as orders using (customer_id)
group by all

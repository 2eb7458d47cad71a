select id, customer, ordered_at from {{ ref('raw_orders') }}

select
    customer_id,
    case
        when lifetime_value >= 25 then 'gold'
        when lifetime_value > 0 then 'regular'
        else 'prospect'
    end as segment
from {{ ref('customer_lifetime_value') }}

# Answers to customers, in English. This text counts: the other languages say the same. `message.rs` lists the arguments.
# An argument that ends in `_known` is `yes` or `no`.

## Parts of sentences

access = { $access_known ->
    [no] access
   *[yes] { $access }
}
product = { $product_known ->
    [no] Your subscription
   *[yes] { $product }
}
for-product = { $product_known ->
    [no] for your purchase
   *[yes] for { $product }
}
trial = { $product_known ->
    [no] Your free trial
   *[yes] Your free trial of { $product }
}
new-product = { $new_product_known ->
    [no] another product
   *[yes] { $new_product }
}
in-store = { $store ->
    [app-store] in your App Store subscriptions
    [play-store] in Google Play
    [named] with { $store_name }
   *[unknown] with the store
}
company = { $store ->
    [app-store] Apple
    [play-store] Google
    [named] { $store_name }
   *[unknown] the store
}

## Times

day = { $day } { $month } { $year }
day-and-time = { $date }, { $time } { $zone }

## Access

have = { $until_known ->
    [no] You have { access }.
   *[yes] You have { access } until { $until }.
}
renews = { product } is paid until { $until } and renews then.
changes = { product } is paid until { $until }. It then changes to { new-product }, and you are charged its price.
family = You have { access } through Family Sharing until { $until }. The family member who subscribed pays for it; you are not charged.
introductory = { product } is at an introductory price until { $until } and then renews; { company } shows the price of the next payment.
trial-runs = { trial } runs until { $until }. You will be charged then, unless you cancel { in-store } before that.
trial-ends = { trial } ends on { $until }. Renewal is off, so you will not be charged and access ends then. To continue, switch renewal on { in-store } before that.
renewal-off = Renewal is off, so it ends then. To keep it, switch renewal on { in-store } before that.
apart-renews = { product } is separate: it renews on { $until }, and you will be charged, unless you cancel { in-store } before that.
granted = { $until_known ->
    [no] We have given you { access }, at no cost and without an end.
   *[yes] We have given you { access } until { $until }, at no cost.
}
owned = { $product_known ->
    [no] You own what you bought; it does not expire.
   *[yes] You own { $product }; it does not expire.
}
does-not-renew = It does not renew by itself. You can buy more time in the app.
unconfirmed = Your purchase has not been confirmed by { company } yet. You have { access } until { $until }, and it continues once the purchase is confirmed. Please do not buy again.
restore = If the app does not show your access, choose “Restore purchases” there.
log-in = If the app does not show your access, log in with this account and open the app again.

## Payments

payment-failed = { $on_known ->
    [no] A payment { for-product } failed.
   *[yes] On { $on }, { company } could not charge you { for-product }.
}
keep-until = You keep { access } until { $until }; please update your payment method { in-store } before then.
trial-payment-failed = { trial } ended on { $on }, and { company } could not charge you.
payment-brings-back = Please update your payment method { in-store }; access then comes back by itself, and you do not need to buy again.
check-payment = To continue, check your payment method { in-store }, then subscribe in the app.
refunded = { $amount_known ->
    [no] Your payment { for-product } was refunded on { $on }.
   *[yes] { $amount } { for-product } was refunded on { $on }.
}
access-ended = Access has ended.
renewal-still-on = { $on_known ->
    [no] Renewal is still on. To avoid a charge, switch it off { in-store }.
   *[yes] Renewal is still on: you may be charged on { $on }. To avoid that, switch it off { in-store }.
}
charged-then = You will be charged then, unless you switch renewal off { in-store } before that.
refund-reversed = The refund { for-product } was reversed on { $on }, so your payment stands.
not-charged = You were not charged.
received = { $product_known ->
    [no] We received your payment.
   *[yes] We received your payment for { $product }.
}

## Ends

pause-follows = { $until_known ->
    [no] Your subscription is then paused, without access or charges.
   *[yes] Your subscription is then paused, without access or charges, until { $until }.
}
remove-pause = If you do not want the pause, remove it { in-store }.
paused = Your subscription has been paused since { $on }, so you do not have { access }.
resumes = { $on_known ->
    [no] You can resume it { in-store }; you are charged then.
   *[yes] It resumes, and you are charged, on { $on }. To use it sooner, resume it { in-store }.
}
ended = { product } ended on { $on }.
trial-over = { trial } ended on { $on }.
price-not-accepted = { product } ended on { $on }, because the new price was not accepted.
was-paid-until = { product } was paid until { $until }.
renewal-was-off = { $on_known ->
    [no] Renewal was off, so it ended then.
   *[yes] Renewal was switched off on { $on }, so it ended with the paid time.
}
replaced = { product } was replaced by { new-product } on { $on }.
prepaid-over = { product } was prepaid until { $until }. You can buy more time in the app.
grant-over = We gave you { access } until { $until }.
grant-removed = We gave you { access } on { $from } and ended it on { $on }.
unconfirmed-ended = Your purchase has not been confirmed by { company }, so access ended on { $on }.
subscribe = You can subscribe in the app at any time.
buy-again = You can buy it again in the app.

## No purchase

no-record = We have no record of a payment since. If you were charged, please send us the order number from your receipt. If not, you can subscribe again in the app.
send-order = If you were charged, please send us the order number from your receipt. If not, you can buy it again in the app.
no-access-yet = It does not give access at the moment. You do not need to buy again.
test-purchase = This was a test purchase; it was not charged and does not give access.
moved-away = Your purchases are linked to another account in the app. Please log in with that account. If you do not know it, please send us the order number from your receipt.
moved-by-us = We moved your purchases to another account on { $on }. Please log in with that account. If this is not what you wanted, please reply with the order number from your receipt.
cannot-confirm = We cannot confirm a current purchase for this account. Please choose “Restore purchases” in the app; if that does not help, please send us the order number from your receipt.
no-purchase = We find no purchase for this account. Please log in with the account that you bought with, choose “Restore purchases” in the app, or send us the order number from your receipt.

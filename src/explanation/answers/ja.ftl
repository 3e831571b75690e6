# Answers to customers, in Japanese. `en.ftl` counts, and says what the arguments mean.

## Parts of sentences

access = { $access_known ->
    [no] 有料コンテンツ
   *[yes] 「{ $access }」
}
product = { $product_known ->
    [no] ご契約のサブスクリプション
   *[yes] サブスクリプション「{ $product }」
}
for-product = { $product_known ->
    [no] ご購入
   *[yes] 「{ $product }」
}
trial = { $product_known ->
    [no] 無料トライアル
   *[yes] 「{ $product }」の無料トライアル
}
new-product = { $new_product_known ->
    [no] 別の商品
   *[yes] 「{ $new_product }」
}
in-store = { $store ->
    [app-store] App Storeの「サブスクリプション」
    [play-store] Google Play
    [named] { $store_name }
   *[unknown] ストア
}
company = { $store ->
    [app-store] Apple
    [play-store] Google
    [named] { $store_name }
   *[unknown] ストア
}

## Times

day = { $year }年{ $month }{ $day }日
day-and-time = { $date } { $time }（{ $zone }）

## Access

have = { $until_known ->
    [no] 現在、{ access }をご利用いただけます。
   *[yes] { $until }まで、{ access }をご利用いただけます。
}
renews = { product }は{ $until }まで支払い済みで、その後更新されます。
changes = { product }は{ $until }まで支払い済みです。その後{ new-product }に変更され、変更後の料金が請求されます。
family = ファミリー共有により、{ $until }まで{ access }をご利用いただけます。料金は登録されたご家族が支払っており、お客様への請求はありません。
introductory = { product }は{ $until }までお試し価格で、その後更新されます。次回の料金は{ company }の画面に表示されます。
trial-runs = { trial }は{ $until }までです。それまでに{ in-store }で解約されない場合は、その時点で料金が請求されます。
trial-ends = { trial }は{ $until }に終了します。自動更新はオフのため料金は請求されず、ご利用もその時点で終了します。継続をご希望の場合は、それまでに{ in-store }で自動更新をオンにしてください。
renewal-off = 自動更新はオフのため、その時点で終了します。継続をご希望の場合は、それまでに{ in-store }で自動更新をオンにしてください。
apart-renews = { product }はこれとは別の契約です。{ $until }に更新され、それまでに{ in-store }で解約されない場合は料金が請求されます。
granted = { $until_known ->
    [no] { access }を無料で、期限なしでご利用いただけるようにいたしました。
   *[yes] { access }を{ $until }まで無料でご利用いただけるようにいたしました。
}
owned = { $product_known ->
    [no] ご購入いただいたものに有効期限はありません。
   *[yes] 「{ $product }」はご購入済みで、有効期限はありません。
}
does-not-renew = 自動では更新されません。アプリで期間を追加購入できます。
unconfirmed = ご購入はまだ{ company }により確認されていません。{ access }は{ $until }までご利用いただけ、購入が確認されると引き続きご利用いただけます。再度ご購入なさらないでください。
restore = アプリでご利用いただけない場合は、アプリ内で「購入を復元」を選択してください。
log-in = アプリでご利用いただけない場合は、このアカウントでログインし、アプリを開き直してください。

## Payments

payment-failed = { $on_known ->
    [no] { for-product }のお支払いができませんでした。
   *[yes] { $on }に、{ company }は{ for-product }の料金を請求できませんでした。
}
keep-until = { access }は{ $until }まで引き続きご利用いただけます。それまでに{ in-store }でお支払い方法を更新してください。
trial-payment-failed = { trial }は{ $on }に終了し、{ company }は料金を請求できませんでした。
payment-brings-back = { in-store }でお支払い方法を更新してください。その後、自動的に再びご利用いただけるようになりますので、再度ご購入いただく必要はありません。
check-payment = 継続をご希望の場合は、{ in-store }でお支払い方法をご確認のうえ、アプリでご登録ください。
refunded = { $amount_known ->
    [no] { for-product }のお支払いは{ $on }に返金されました。
   *[yes] { for-product }のお支払い（{ $amount }）は{ $on }に返金されました。
}
access-ended = ご利用は終了しました。
renewal-still-on = { $on_known ->
    [no] 自動更新はまだオンです。請求を避けるには、{ in-store }でオフにしてください。
   *[yes] 自動更新はまだオンです。{ $on }に請求される可能性があります。これを避けるには、{ in-store }でオフにしてください。
}
charged-then = それまでに{ in-store }で自動更新をオフにされない場合は、その時点で料金が請求されます。
refund-reversed = { for-product }の返金は{ $on }に取り消されたため、お支払いは有効です。
not-charged = 料金は請求されていません。
received = { $product_known ->
    [no] お支払いを確認いたしました。
   *[yes] 「{ $product }」のお支払いを確認いたしました。
}

## Ends

pause-follows = { $until_known ->
    [no] その後サブスクリプションは一時停止され、その間はご利用も請求もありません。
   *[yes] その後サブスクリプションは{ $until }まで一時停止され、その間はご利用も請求もありません。
}
remove-pause = 一時停止をご希望でない場合は、{ in-store }で解除してください。
paused = サブスクリプションは{ $on }から一時停止中のため、{ access }はご利用いただけません。
resumes = { $on_known ->
    [no] { in-store }で再開できます。その時点で料金が請求されます。
   *[yes] { $on }に再開され、料金が請求されます。それより早くご利用になるには、{ in-store }で再開してください。
}
ended = { product }は{ $on }に終了しました。
trial-over = { trial }は{ $on }に終了しました。
price-not-accepted = { product }は、新しい価格への同意がなかったため、{ $on }に終了しました。
was-paid-until = { product }は{ $until }まで支払い済みでした。
renewal-was-off = { $on_known ->
    [no] 自動更新がオフだったため、その時点で終了しました。
   *[yes] { $on }に自動更新がオフにされたため、期間の満了をもって終了しました。
}
replaced = { product }は{ $on }に{ new-product }に切り替わりました。
prepaid-over = { product }は{ $until }まで前払いされていました。アプリで期間を追加購入できます。
grant-over = { $until }まで{ access }をご利用いただけるようにしておりました。
grant-removed = { $from }に{ access }をご利用いただけるようにし、{ $on }に終了いたしました。
unconfirmed-ended = ご購入が{ company }により確認されなかったため、ご利用は{ $on }に終了しました。
subscribe = アプリでいつでもご登録いただけます。
buy-again = アプリで再度ご購入いただけます。

## No purchase

no-record = その後のお支払いの記録はありません。請求があった場合は、領収書に記載された注文番号をお送りください。請求がなかった場合は、アプリで再度ご登録いただけます。
send-order = 請求があった場合は、領収書に記載された注文番号をお送りください。請求がなかった場合は、アプリで再度ご購入いただけます。
no-access-yet = 現時点ではご利用いただける状態になっていません。再度ご購入いただく必要はありません。
test-purchase = これはテスト購入です。料金は請求されておらず、ご利用の対象にはなりません。
moved-away = ご購入はアプリ内の別のアカウントに関連付けられています。そのアカウントでログインしてください。お心当たりがない場合は、領収書に記載された注文番号をお送りください。
moved-by-us = { $on }に、ご購入を別のアカウントへ移行いたしました。そのアカウントでログインしてください。ご希望と異なる場合は、領収書に記載された注文番号を添えてご返信ください。
cannot-confirm = このアカウントについて、現在有効なご購入を確認できません。アプリで「購入を復元」を選択してください。解決しない場合は、領収書に記載された注文番号をお送りください。
no-purchase = このアカウントのご購入が見つかりません。ご購入時のアカウントでログインするか、アプリで「購入を復元」を選択するか、領収書に記載された注文番号をお送りください。

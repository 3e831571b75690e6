# Answers to customers, in German. `en.ftl` counts, and says what the arguments mean.

## Parts of sentences

access = { $access_known ->
    [no] Zugriff
   *[yes] Zugriff auf „{ $access }“
}
product = { $product_known ->
    [no] Ihr Abonnement
   *[yes] Ihr Abonnement „{ $product }“
}
for-product = { $product_known ->
    [no] für Ihren Kauf
   *[yes] für „{ $product }“
}
trial = { $product_known ->
    [no] Ihr kostenloser Probezeitraum
   *[yes] Ihr kostenloser Probezeitraum von „{ $product }“
}
new-product = { $new_product_known ->
    [no] ein anderes Produkt
   *[yes] „{ $new_product }“
}
in-store = { $store ->
    [app-store] in den Abonnements Ihres App-Store-Kontos
    [play-store] in Google Play
    [named] bei { $store_name }
   *[unknown] im Store
}
company = { $store ->
    [app-store] Apple
    [play-store] Google
    [named] { $store_name }
   *[unknown] der Store
}

## Times

day = { $day }. { $month } { $year }
day-and-time = { $date }, { $time } Uhr ({ $zone })

## Access

have = { $until_known ->
    [no] Sie haben { access }.
   *[yes] Sie haben { access } bis { $until }.
}
renews = { product } ist bis { $until } bezahlt und verlängert sich dann.
changes = { product } ist bis { $until } bezahlt. Danach wechselt es zu { new-product }, und Ihnen wird dessen Preis berechnet.
family = Sie haben über die Familienfreigabe { access } bis { $until }. Bezahlt wird das von dem Familienmitglied, das abonniert hat; Ihnen wird nichts berechnet.
introductory = { product } läuft bis { $until } zum Einführungspreis und verlängert sich dann; den Preis der nächsten Zahlung zeigt Ihnen { company }.
trial-runs = { trial } läuft bis { $until }. Dann wird Ihnen der Preis berechnet, sofern Sie nicht vorher { in-store } kündigen.
trial-ends = { trial } endet am { $until }. Die Verlängerung ist ausgeschaltet; Ihnen wird also nichts berechnet, und der Zugriff endet dann. Wenn Sie weitermachen möchten, schalten Sie die Verlängerung bitte vorher { in-store } wieder ein.
renewal-off = Die Verlängerung ist ausgeschaltet, daher endet er dann. Wenn Sie ihn behalten möchten, schalten Sie die Verlängerung bitte vorher { in-store } wieder ein.
apart-renews = { product } ist davon unabhängig: Es verlängert sich am { $until }, und Ihnen wird der Preis berechnet, sofern Sie nicht vorher { in-store } kündigen.
granted = { $until_known ->
    [no] Wir haben Ihnen kostenlos und unbefristet { access } gegeben.
   *[yes] Wir haben Ihnen bis { $until } kostenlos { access } gegeben.
}
owned = { $product_known ->
    [no] Ihr Kauf gehört Ihnen dauerhaft; er läuft nicht ab.
   *[yes] „{ $product }“ gehört Ihnen dauerhaft und läuft nicht ab.
}
does-not-renew = Er verlängert sich nicht von selbst. Weitere Zeit können Sie in der App kaufen.
unconfirmed = Bisher hat { company } Ihren Kauf nicht bestätigt. Sie haben { access } bis { $until }; sobald der Kauf bestätigt ist, bleibt er bestehen. Bitte kaufen Sie nicht noch einmal.
restore = Wenn die App Ihren Zugriff nicht anzeigt, wählen Sie dort bitte „Käufe wiederherstellen“.
log-in = Wenn die App Ihren Zugriff nicht anzeigt, melden Sie sich bitte mit diesem Konto an und öffnen Sie die App erneut.

## Payments

payment-failed = { $on_known ->
    [no] Eine Zahlung { for-product } ist fehlgeschlagen.
   *[yes] Am { $on } konnte { company } die Zahlung { for-product } nicht einziehen.
}
keep-until = Sie behalten { access } bis { $until }; bitte aktualisieren Sie vorher { in-store } Ihre Zahlungsmethode.
trial-payment-failed = { trial } endete am { $on }, und { company } konnte die Zahlung nicht einziehen.
payment-brings-back = Bitte aktualisieren Sie { in-store } Ihre Zahlungsmethode; der Zugriff kommt dann von selbst zurück, und Sie müssen nicht noch einmal kaufen.
check-payment = Wenn Sie weitermachen möchten, prüfen Sie bitte { in-store } Ihre Zahlungsmethode und abonnieren Sie dann in der App.
refunded = { $amount_known ->
    [no] Ihre Zahlung { for-product } wurde am { $on } erstattet.
   *[yes] { $amount } { for-product } wurden am { $on } erstattet.
}
access-ended = Der Zugriff ist beendet.
renewal-still-on = { $on_known ->
    [no] Die Verlängerung ist noch eingeschaltet. Um eine Abbuchung zu vermeiden, schalten Sie sie bitte { in-store } aus.
   *[yes] Die Verlängerung ist noch eingeschaltet: Am { $on } kann Ihnen der Preis berechnet werden. Um das zu vermeiden, schalten Sie sie bitte { in-store } aus.
}
charged-then = Dann wird Ihnen der Preis berechnet, sofern Sie die Verlängerung nicht vorher { in-store } ausschalten.
refund-reversed = Die Erstattung { for-product } wurde am { $on } rückgängig gemacht; Ihre Zahlung gilt also weiterhin.
not-charged = Ihnen wurde nichts berechnet.
received = { $product_known ->
    [no] Wir haben Ihre Zahlung erhalten.
   *[yes] Wir haben Ihre Zahlung für „{ $product }“ erhalten.
}

## Ends

pause-follows = { $until_known ->
    [no] Danach ist Ihr Abonnement pausiert, ohne Zugriff und ohne Abbuchungen.
   *[yes] Danach ist Ihr Abonnement bis { $until } pausiert, ohne Zugriff und ohne Abbuchungen.
}
remove-pause = Wenn Sie die Pause nicht möchten, heben Sie sie bitte { in-store } auf.
paused = Ihr Abonnement ist seit { $on } pausiert; Sie haben daher keinen { access }.
resumes = { $on_known ->
    [no] Sie können es { in-store } fortsetzen; dann wird der Preis berechnet.
   *[yes] Am { $on } wird es fortgesetzt, und der Preis wird berechnet. Wenn Sie es früher nutzen möchten, setzen Sie es bitte { in-store } fort.
}
ended = { product } endete am { $on }.
trial-over = { trial } endete am { $on }.
price-not-accepted = { product } endete am { $on }, weil dem neuen Preis nicht zugestimmt wurde.
was-paid-until = { product } war bis { $until } bezahlt.
renewal-was-off = { $on_known ->
    [no] Die Verlängerung war ausgeschaltet, daher endete es dann.
   *[yes] Die Verlängerung wurde am { $on } ausgeschaltet, daher endete es mit dem bezahlten Zeitraum.
}
replaced = { product } wurde am { $on } durch { new-product } ersetzt.
prepaid-over = { product } war bis { $until } im Voraus bezahlt. Weitere Zeit können Sie in der App kaufen.
grant-over = Wir hatten Ihnen bis { $until } { access } gegeben.
grant-removed = Wir haben Ihnen am { $from } { access } gegeben und ihn am { $on } beendet.
unconfirmed-ended = Bisher hat { company } Ihren Kauf nicht bestätigt; daher endete der Zugriff am { $on }.
subscribe = Sie können jederzeit in der App abonnieren.
buy-again = Sie können es in der App erneut kaufen.

## No purchase

no-record = Seitdem ist uns keine Zahlung bekannt. Falls Ihnen etwas berechnet wurde, senden Sie uns bitte die Bestellnummer aus Ihrer Quittung. Falls nicht, können Sie in der App erneut abonnieren.
send-order = Falls Ihnen etwas berechnet wurde, senden Sie uns bitte die Bestellnummer aus Ihrer Quittung. Falls nicht, können Sie es in der App erneut kaufen.
no-access-yet = Derzeit gibt sie Ihnen keinen Zugriff. Sie müssen nicht noch einmal kaufen.
test-purchase = Das war ein Testkauf; er wurde nicht berechnet und gibt keinen Zugriff.
moved-away = Ihre Käufe sind in der App mit einem anderen Konto verknüpft. Bitte melden Sie sich mit diesem Konto an. Wenn Sie es nicht kennen, senden Sie uns bitte die Bestellnummer aus Ihrer Quittung.
moved-by-us = Wir haben Ihre Käufe am { $on } auf ein anderes Konto übertragen. Bitte melden Sie sich mit diesem Konto an. Wenn Sie das nicht wollten, antworten Sie bitte mit der Bestellnummer aus Ihrer Quittung.
cannot-confirm = Wir können für dieses Konto keinen aktuellen Kauf bestätigen. Bitte wählen Sie in der App „Käufe wiederherstellen“; wenn das nicht hilft, senden Sie uns bitte die Bestellnummer aus Ihrer Quittung.
no-purchase = Wir finden zu diesem Konto keinen Kauf. Bitte melden Sie sich mit dem Konto an, mit dem Sie gekauft haben, wählen Sie in der App „Käufe wiederherstellen“ oder senden Sie uns die Bestellnummer aus Ihrer Quittung.

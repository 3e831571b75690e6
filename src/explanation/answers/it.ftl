# Answers to customers, in Italian. `en.ftl` counts, and says what the arguments mean.

## Parts of sentences

access = { $access_known ->
    [no] accesso
   *[yes] accesso a «{ $access }»
}
product = { $product_known ->
    [no] Il Suo abbonamento
   *[yes] Il Suo abbonamento «{ $product }»
}
for-product = { $product_known ->
    [no] per il Suo acquisto
   *[yes] per «{ $product }»
}
trial = { $product_known ->
    [no] La Sua prova gratuita
   *[yes] La Sua prova gratuita di «{ $product }»
}
new-product = { $new_product_known ->
    [no] un altro prodotto
   *[yes] «{ $new_product }»
}
in-store = { $store ->
    [app-store] negli abbonamenti di App Store
    [play-store] in Google Play
    [named] su { $store_name }
   *[unknown] nello store
}
company = { $store ->
    [app-store] Apple
    [play-store] Google
    [named] { $store_name }
   *[unknown] chi gestisce il pagamento
}

## Times

day = { $day } { $month } { $year }
day-and-time = { $date }, ore { $time } ({ $zone })

## Access

have = { $until_known ->
    [no] Ha { access }.
   *[yes] Ha { access } fino al giorno { $until }.
}
renews = { product } è pagato fino al giorno { $until } e poi si rinnova.
changes = { product } è pagato fino al giorno { $until }. Passa poi a { new-product }, di cui Le verrà addebitato il prezzo.
family = Tramite la condivisione «In famiglia» ha { access } fino al giorno { $until }. Paga il familiare che si è abbonato; a Lei non viene addebitato nulla.
introductory = { product } ha un prezzo di lancio fino al giorno { $until } e poi si rinnova; il prezzo del prossimo pagamento è indicato da { company }.
trial-runs = { trial } dura fino al giorno { $until }. A quel punto Le verrà addebitato il prezzo, a meno che non la annulli prima { in-store }.
trial-ends = { trial } termina il giorno { $until }. Il rinnovo è disattivato, quindi non Le verrà addebitato nulla e l’accesso terminerà in quella data. Per continuare, riattivi prima il rinnovo { in-store }.
renewal-off = Il rinnovo è disattivato, quindi termina in quella data. Per mantenerlo, riattivi prima il rinnovo { in-store }.
apart-renews = { product } è separato: si rinnova il giorno { $until } e Le verrà addebitato il prezzo, a meno che non lo annulli prima { in-store }.
granted = { $until_known ->
    [no] Le abbiamo dato { access }, senza costi e senza scadenza.
   *[yes] Le abbiamo dato { access } fino al giorno { $until }, senza costi.
}
owned = { $product_known ->
    [no] Ciò che ha acquistato è Suo e non scade.
   *[yes] «{ $product }» è Suo e non scade.
}
does-not-renew = Non si rinnova automaticamente. Può acquistare altro tempo nell’app.
unconfirmed = Il Suo acquisto non è ancora stato confermato da { company }. Ha { access } fino al giorno { $until } e lo manterrà quando l’acquisto sarà confermato. La preghiamo di non acquistare di nuovo.
restore = Se l’app non mostra il Suo accesso, scelga «Ripristina acquisti» nell’app.
log-in = Se l’app non mostra il Suo accesso, effettui il login con questo account e riapra l’app.

## Payments

payment-failed = { $on_known ->
    [no] Un pagamento { for-product } non è andato a buon fine.
   *[yes] Il giorno { $on } { company } non ha potuto addebitare il pagamento { for-product }.
}
keep-until = Continua ad avere { access } fino al giorno { $until }; La preghiamo di aggiornare prima il metodo di pagamento { in-store }.
trial-payment-failed = { trial } è terminata il giorno { $on } e { company } non ha potuto addebitare il pagamento.
payment-brings-back = La preghiamo di aggiornare il metodo di pagamento { in-store }; l’accesso torna poi automaticamente e non è necessario acquistare di nuovo.
check-payment = Per continuare, verifichi il metodo di pagamento { in-store } e poi si abboni nell’app.
refunded = { $amount_known ->
    [no] Il Suo pagamento { for-product } è stato rimborsato il giorno { $on }.
   *[yes] Il pagamento { for-product }, pari a { $amount }, è stato rimborsato il giorno { $on }.
}
access-ended = L’accesso è terminato.
renewal-still-on = { $on_known ->
    [no] Il rinnovo è ancora attivo. Per evitare un addebito, lo disattivi { in-store }.
   *[yes] Il rinnovo è ancora attivo: potrebbe esserci un addebito il giorno { $on }. Per evitarlo, lo disattivi { in-store }.
}
charged-then = A quel punto Le verrà addebitato il prezzo, a meno che non disattivi prima il rinnovo { in-store }.
refund-reversed = Il rimborso { for-product } è stato annullato il giorno { $on }, quindi il Suo pagamento resta valido.
not-charged = Non Le è stato addebitato nulla.
received = { $product_known ->
    [no] Abbiamo ricevuto il Suo pagamento.
   *[yes] Abbiamo ricevuto il Suo pagamento per «{ $product }».
}

## Ends

pause-follows = { $until_known ->
    [no] Il Suo abbonamento è poi in pausa, senza accesso e senza addebiti.
   *[yes] Il Suo abbonamento è poi in pausa, senza accesso e senza addebiti, fino al giorno { $until }.
}
remove-pause = Se non desidera la pausa, la rimuova { in-store }.
paused = Il Suo abbonamento è in pausa dal giorno { $on }, quindi non ha { access }.
resumes = { $on_known ->
    [no] Può riprenderlo { in-store }; a quel punto Le verrà addebitato il prezzo.
   *[yes] Riprende il giorno { $on } e in quella data Le verrà addebitato il prezzo. Per usarlo prima, lo riprenda { in-store }.
}
ended = { product } è terminato il giorno { $on }.
trial-over = { trial } è terminata il giorno { $on }.
price-not-accepted = { product } è terminato il giorno { $on } perché il nuovo prezzo non è stato accettato.
was-paid-until = { product } era pagato fino al giorno { $until }.
renewal-was-off = { $on_known ->
    [no] Il rinnovo era disattivato, quindi è terminato in quella data.
   *[yes] Il rinnovo è stato disattivato il giorno { $on }, quindi è terminato alla scadenza.
}
replaced = { product } è stato sostituito da { new-product } il giorno { $on }.
prepaid-over = { product } era prepagato fino al giorno { $until }. Può acquistare altro tempo nell’app.
grant-over = Le avevamo dato { access } fino al giorno { $until }.
grant-removed = Le abbiamo dato { access } il giorno { $from } e vi abbiamo posto fine il giorno { $on }.
unconfirmed-ended = Il Suo acquisto non è stato confermato da { company }, quindi l’accesso è terminato il giorno { $on }.
subscribe = Può abbonarsi nell’app in qualsiasi momento.
buy-again = Può acquistarlo di nuovo nell’app.

## No purchase

no-record = Da allora non ci risulta alcun pagamento. Se Le è stato addebitato qualcosa, ci invii il numero d’ordine indicato sulla ricevuta. In caso contrario, può abbonarsi di nuovo nell’app.
send-order = Se Le è stato addebitato qualcosa, ci invii il numero d’ordine indicato sulla ricevuta. In caso contrario, può acquistarlo di nuovo nell’app.
no-access-yet = Al momento non dà accesso. Non è necessario acquistare di nuovo.
test-purchase = Si trattava di un acquisto di prova; non è stato addebitato e non dà accesso.
moved-away = I Suoi acquisti sono collegati a un altro account nell’app. La preghiamo di accedere con quell’account. Se non lo conosce, ci invii il numero d’ordine indicato sulla ricevuta.
moved-by-us = Abbiamo trasferito i Suoi acquisti a un altro account il giorno { $on }. La preghiamo di accedere con quell’account. Se non è ciò che desiderava, risponda indicando il numero d’ordine riportato sulla ricevuta.
cannot-confirm = Non possiamo confermare un acquisto attuale per questo account. La preghiamo di scegliere «Ripristina acquisti» nell’app; se non basta, ci invii il numero d’ordine indicato sulla ricevuta.
no-purchase = Non troviamo acquisti per questo account. La preghiamo di accedere con l’account usato per l’acquisto, scegliere «Ripristina acquisti» nell’app o inviarci il numero d’ordine indicato sulla ricevuta.

# Answers to customers, in Spanish. `en.ftl` counts, and says what the arguments mean.

## Parts of sentences

access = { $access_known ->
    [no] acceso
   *[yes] acceso a «{ $access }»
}
product = { $product_known ->
    [no] Su suscripción
   *[yes] Su suscripción «{ $product }»
}
for-product = { $product_known ->
    [no] de su compra
   *[yes] de «{ $product }»
}
trial = { $product_known ->
    [no] Su prueba gratuita
   *[yes] Su prueba gratuita de «{ $product }»
}
new-product = { $new_product_known ->
    [no] otro producto
   *[yes] «{ $new_product }»
}
in-store = { $store ->
    [app-store] en sus suscripciones del App Store
    [play-store] en Google Play
    [named] en { $store_name }
   *[unknown] en la tienda
}
company = { $store ->
    [app-store] Apple
    [play-store] Google
    [named] { $store_name }
   *[unknown] la tienda
}

## Times

day = { $day } de { $month } de { $year }
day-and-time = { $date } a las { $time } ({ $zone })

## Access

have = { $until_known ->
    [no] Tiene { access }.
   *[yes] Tiene { access } hasta el { $until }.
}
renews = { product } está pagada hasta el { $until } y entonces se renueva.
changes = { product } está pagada hasta el { $until }. Después cambia a { new-product }, y se le cobrará el precio correspondiente.
family = Mediante Compartir en familia, tiene { access } hasta el { $until }. Lo paga el miembro de la familia que se suscribió; a usted no se le cobra nada.
introductory = { product } tiene un precio de introducción hasta el { $until } y después se renueva; { company } muestra el precio del próximo pago.
trial-runs = { trial } dura hasta el { $until }. Entonces se le cobrará, a menos que antes la cancele { in-store }.
trial-ends = { trial } termina el { $until }. La renovación está desactivada, así que no se le cobrará y el acceso termina entonces. Para continuar, active antes la renovación { in-store }.
renewal-off = La renovación está desactivada, así que termina entonces. Para conservarlo, active antes la renovación { in-store }.
apart-renews = { product } es independiente: se renueva el { $until } y se le cobrará, a menos que antes la cancele { in-store }.
granted = { $until_known ->
    [no] Le hemos dado { access }, de forma gratuita y sin fecha de fin.
   *[yes] Le hemos dado { access } hasta el { $until } de forma gratuita.
}
owned = { $product_known ->
    [no] Lo que compró es suyo y no caduca.
   *[yes] «{ $product }» es suyo y no caduca.
}
does-not-renew = No se renueva automáticamente. Puede comprar más tiempo en la app.
unconfirmed = Su compra aún no ha sido confirmada por { company }. Tiene { access } hasta el { $until }, y continuará cuando se confirme la compra. Por favor, no vuelva a comprar.
restore = Si la app no muestra su acceso, elija en ella «Restaurar compras».
log-in = Si la app no muestra su acceso, inicie sesión con esta cuenta y vuelva a abrir la app.

## Payments

payment-failed = { $on_known ->
    [no] Un pago { for-product } ha fallado.
   *[yes] El { $on }, { company } no pudo cobrar el pago { for-product }.
}
keep-until = Seguirá teniendo { access } hasta el { $until }; por favor, actualice antes su método de pago { in-store }.
trial-payment-failed = { trial } terminó el { $on } y { company } no pudo cobrar el pago.
payment-brings-back = Por favor, actualice su método de pago { in-store }; el acceso vuelve entonces automáticamente y no necesita comprar de nuevo.
check-payment = Para continuar, revise su método de pago { in-store } y después suscríbase en la app.
refunded = { $amount_known ->
    [no] Su pago { for-product } se reembolsó el { $on }.
   *[yes] El pago { for-product }, de { $amount }, se reembolsó el { $on }.
}
access-ended = El acceso ha terminado.
renewal-still-on = { $on_known ->
    [no] La renovación sigue activada. Para evitar un cobro, desactívela { in-store }.
   *[yes] La renovación sigue activada: es posible que se le cobre el { $on }. Para evitarlo, desactívela { in-store }.
}
charged-then = Entonces se le cobrará, a menos que antes desactive la renovación { in-store }.
refund-reversed = El reembolso { for-product } se anuló el { $on }, así que su pago sigue siendo válido.
not-charged = No se le ha cobrado nada.
received = { $product_known ->
    [no] Hemos recibido su pago.
   *[yes] Hemos recibido su pago de «{ $product }».
}

## Ends

pause-follows = { $until_known ->
    [no] Después su suscripción queda en pausa, sin acceso ni cobros.
   *[yes] Después su suscripción queda en pausa, sin acceso ni cobros, hasta el { $until }.
}
remove-pause = Si no desea la pausa, quítela { in-store }.
paused = Su suscripción está en pausa desde el { $on }, por lo que no tiene { access }.
resumes = { $on_known ->
    [no] Puede reanudarla { in-store }; entonces se le cobrará.
   *[yes] Se reanuda el { $on }, y entonces se le cobrará. Para usarla antes, reanúdela { in-store }.
}
ended = { product } terminó el { $on }.
trial-over = { trial } terminó el { $on }.
price-not-accepted = { product } terminó el { $on } porque no se aceptó el nuevo precio.
was-paid-until = { product } estaba pagada hasta el { $until }.
renewal-was-off = { $on_known ->
    [no] La renovación estaba desactivada, así que terminó entonces.
   *[yes] La renovación se desactivó el { $on }, así que terminó al final del periodo pagado.
}
replaced = { product } se reemplazó por { new-product } el { $on }.
prepaid-over = { product } estaba prepagada hasta el { $until }. Puede comprar más tiempo en la app.
grant-over = Le dimos { access } hasta el { $until }.
grant-removed = Le dimos { access } el { $from } y lo finalizamos el { $on }.
unconfirmed-ended = Su compra no ha sido confirmada por { company }, así que el acceso terminó el { $on }.
subscribe = Puede suscribirse en la app en cualquier momento.
buy-again = Puede comprarlo de nuevo en la app.

## No purchase

no-record = No nos consta ningún pago desde entonces. Si se le cobró, envíenos el número de pedido de su recibo. Si no, puede suscribirse de nuevo en la app.
send-order = Si se le cobró, envíenos el número de pedido de su recibo. Si no, puede comprarlo de nuevo en la app.
no-access-yet = Por el momento no da acceso. No necesita comprar de nuevo.
test-purchase = Fue una compra de prueba; no se cobró y no da acceso.
moved-away = Sus compras están vinculadas a otra cuenta en la app. Inicie sesión con esa cuenta. Si no la conoce, envíenos el número de pedido de su recibo.
moved-by-us = Trasladamos sus compras a otra cuenta el { $on }. Inicie sesión con esa cuenta. Si no era lo que deseaba, responda con el número de pedido de su recibo.
cannot-confirm = No podemos confirmar una compra vigente para esta cuenta. Elija «Restaurar compras» en la app; si eso no ayuda, envíenos el número de pedido de su recibo.
no-purchase = No encontramos ninguna compra para esta cuenta. Inicie sesión con la cuenta con la que compró, elija «Restaurar compras» en la app o envíenos el número de pedido de su recibo.

# Answers to customers, in Portuguese, for Brazil and Portugal. `en.ftl` counts, and says what the arguments mean.

## Parts of sentences

access = { $access_known ->
    [no] acesso
   *[yes] acesso a “{ $access }”
}
product = { $product_known ->
    [no] A sua assinatura
   *[yes] A sua assinatura “{ $product }”
}
for-product = { $product_known ->
    [no] da sua compra
   *[yes] de “{ $product }”
}
trial = { $product_known ->
    [no] O seu teste gratuito
   *[yes] O seu teste gratuito de “{ $product }”
}
new-product = { $new_product_known ->
    [no] outro produto
   *[yes] “{ $new_product }”
}
in-store = { $store ->
    [app-store] nas suas assinaturas da App Store
    [play-store] no Google Play
    [named] em { $store_name }
   *[unknown] na loja
}
company = { $store ->
    [app-store] pela Apple
    [play-store] pelo Google
    [named] por { $store_name }
   *[unknown] pela loja
}

## Times

day = { $day } de { $month } de { $year }
day-and-time = { $date }, { $time } ({ $zone })

## Access

have = { $until_known ->
    [no] A sua conta tem { access }.
   *[yes] A sua conta tem { access } até { $until }.
}
renews = { product } está paga até { $until } e então é renovada.
changes = { product } está paga até { $until }. Depois muda para { new-product }, e o respectivo preço será cobrado.
family = Por meio do Compartilhamento Familiar, a sua conta tem { access } até { $until }. Quem paga é o membro da família que fez a assinatura; nada é cobrado da sua conta.
introductory = { product } está com preço inicial promocional até { $until } e depois é renovada; o preço do próximo pagamento é informado { company }.
trial-runs = { trial } vai até { $until }. Nessa data será feita a cobrança, a menos que o cancelamento seja feito antes { in-store }.
trial-ends = { trial } termina em { $until }. A renovação está desativada; por isso, nada será cobrado e o acesso termina nessa data. Para continuar, ative antes a renovação { in-store }.
renewal-off = A renovação está desativada; por isso, termina nessa data. Para manter o acesso, ative antes a renovação { in-store }.
apart-renews = { product } é independente: será renovada em { $until }, com cobrança, a menos que o cancelamento seja feito antes { in-store }.
granted = { $until_known ->
    [no] Demos à sua conta { access }, sem custo e sem data de término.
   *[yes] Demos à sua conta { access } até { $until }, sem custo.
}
owned = { $product_known ->
    [no] A sua compra é definitiva e não expira.
   *[yes] A sua compra de “{ $product }” é definitiva e não expira.
}
does-not-renew = A renovação não é automática. É possível comprar mais tempo no app.
unconfirmed = A sua compra ainda não foi confirmada { company }. A sua conta tem { access } até { $until }, e o acesso continua depois que a compra for confirmada. Por favor, não compre novamente.
restore = Se o app não mostrar o seu acesso, escolha nele “Restaurar compras”.
log-in = Se o app não mostrar o seu acesso, entre com esta conta e abra o app novamente.

## Payments

payment-failed = { $on_known ->
    [no] Um pagamento { for-product } falhou.
   *[yes] Em { $on }, não foi possível fazer a cobrança { for-product } { company }.
}
keep-until = A sua conta mantém { access } até { $until }; por favor, atualize antes a forma de pagamento { in-store }.
trial-payment-failed = { trial } terminou em { $on }, e não foi possível fazer a cobrança { company }.
payment-brings-back = Por favor, atualize a forma de pagamento { in-store }; o acesso volta então automaticamente, e não é necessário comprar novamente.
check-payment = Para continuar, verifique a forma de pagamento { in-store } e depois assine no app.
refunded = { $amount_known ->
    [no] O seu pagamento { for-product } foi reembolsado em { $on }.
   *[yes] O pagamento { for-product }, no valor de { $amount }, foi reembolsado em { $on }.
}
access-ended = O acesso terminou.
renewal-still-on = { $on_known ->
    [no] A renovação ainda está ativada. Para evitar uma cobrança, desative a renovação { in-store }.
   *[yes] A renovação ainda está ativada: pode haver cobrança em { $on }. Para evitá-la, desative a renovação { in-store }.
}
charged-then = Nessa data será feita a cobrança, a menos que a renovação seja desativada antes { in-store }.
refund-reversed = O reembolso { for-product } foi revertido em { $on }; portanto, o seu pagamento continua válido.
not-charged = Nada foi cobrado.
received = { $product_known ->
    [no] Recebemos o seu pagamento.
   *[yes] Recebemos o seu pagamento de “{ $product }”.
}

## Ends

pause-follows = { $until_known ->
    [no] Depois, a sua assinatura fica pausada, sem acesso e sem cobranças.
   *[yes] Depois, a sua assinatura fica pausada, sem acesso e sem cobranças, até { $until }.
}
remove-pause = Se não quiser a pausa, remova-a { in-store }.
paused = A sua assinatura está pausada desde { $on }; por isso, a sua conta não tem { access }.
resumes = { $on_known ->
    [no] É possível retomar a assinatura { in-store }; nesse momento será feita a cobrança.
   *[yes] Ela será retomada em { $on }, e nessa data será feita a cobrança. Para usar antes, retome a assinatura { in-store }.
}
ended = { product } terminou em { $on }.
trial-over = { trial } terminou em { $on }.
price-not-accepted = { product } terminou em { $on } porque não houve aceitação do novo preço.
was-paid-until = { product } estava paga até { $until }.
renewal-was-off = { $on_known ->
    [no] A renovação estava desativada; por isso, terminou nessa data.
   *[yes] A renovação foi desativada em { $on }; por isso, terminou no fim do período pago.
}
replaced = { product } foi substituída por { new-product } em { $on }.
prepaid-over = { product } era pré-paga até { $until }. É possível comprar mais tempo no app.
grant-over = Demos à sua conta { access } até { $until }.
grant-removed = Demos à sua conta { access } em { $from } e encerramos esse acesso em { $on }.
unconfirmed-ended = A sua compra não foi confirmada { company }; por isso, o acesso terminou em { $on }.
subscribe = É possível assinar no app a qualquer momento.
buy-again = É possível comprar novamente no app.

## No purchase

no-record = Não temos registro de pagamento desde então. Se houve cobrança, envie-nos o número do pedido que está no recibo. Caso contrário, é possível assinar novamente no app.
send-order = Se houve cobrança, envie-nos o número do pedido que está no recibo. Caso contrário, é possível comprar novamente no app.
no-access-yet = No momento, ele não dá acesso. Não é necessário comprar novamente.
test-purchase = Esta foi uma compra de teste; não houve cobrança, e ela não dá acesso.
moved-away = As suas compras estão vinculadas a outra conta no app. Por favor, entre com essa conta. Se não souber qual é, envie-nos o número do pedido que está no recibo.
moved-by-us = Transferimos as suas compras para outra conta em { $on }. Por favor, entre com essa conta. Se não era isso que queria, responda com o número do pedido que está no recibo.
cannot-confirm = Não conseguimos confirmar uma compra atual para esta conta. Por favor, escolha “Restaurar compras” no app; se isso não ajudar, envie-nos o número do pedido que está no recibo.
no-purchase = Não encontramos nenhuma compra para esta conta. Por favor, entre com a conta usada na compra, escolha “Restaurar compras” no app ou envie-nos o número do pedido que está no recibo.

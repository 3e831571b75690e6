# Answers to customers, in French. `en.ftl` counts, and says what the arguments mean.

## Parts of sentences

access = { $access_known ->
    [no] accès au contenu
   *[yes] accès à « { $access } »
}
product = { $product_known ->
    [no] Votre abonnement
   *[yes] Votre abonnement « { $product } »
}
for-product = { $product_known ->
    [no] de votre achat
   *[yes] de « { $product } »
}
trial = { $product_known ->
    [no] Votre essai gratuit
   *[yes] Votre essai gratuit de « { $product } »
}
new-product = { $new_product_known ->
    [no] un autre produit
   *[yes] « { $new_product } »
}
in-store = { $store ->
    [app-store] dans vos abonnements App Store
    [play-store] dans Google Play
    [named] auprès de { $store_name }
   *[unknown] dans la boutique
}
company = { $store ->
    [app-store] Apple
    [play-store] Google
    [named] { $store_name }
   *[unknown] la boutique
}

## Times

day = { $day ->
    [1] 1er { $month } { $year }
   *[other] { $day } { $month } { $year }
}
day-and-time = { $date } à { $time } ({ $zone })

## Access

have = { $until_known ->
    [no] Vous avez { access }.
   *[yes] Vous avez { access } jusqu’au { $until }.
}
renews = { product } est payé jusqu’au { $until }, puis il se renouvelle.
changes = { product } est payé jusqu’au { $until }. Il passe ensuite à { new-product }, dont le prix vous sera facturé.
family = Grâce au Partage familial, vous avez { access } jusqu’au { $until }. C’est le membre de la famille abonné qui paie ; rien ne vous est facturé.
introductory = { product } est à un prix de lancement jusqu’au { $until }, puis il se renouvelle ; { company } indique le montant du prochain paiement.
trial-runs = { trial } court jusqu’au { $until }. Vous serez alors débité, sauf si vous annulez avant { in-store }.
trial-ends = { trial } se termine le { $until }. Le renouvellement est désactivé : vous ne serez donc pas débité et l’accès prendra fin à cette date. Pour continuer, veuillez réactiver avant le renouvellement { in-store }.
renewal-off = Le renouvellement est désactivé, l’accès prend donc fin à cette date. Pour le conserver, veuillez réactiver avant le renouvellement { in-store }.
apart-renews = { product } est indépendant : il se renouvelle le { $until } et vous serez débité, sauf si vous annulez avant { in-store }.
granted = { $until_known ->
    [no] Nous vous avons donné { access }, sans frais et sans limite de durée.
   *[yes] Nous vous avons donné { access } jusqu’au { $until }, sans frais.
}
owned = { $product_known ->
    [no] Votre achat vous appartient ; il n’expire pas.
   *[yes] « { $product } » vous appartient et n’expire pas.
}
does-not-renew = Il ne se renouvelle pas automatiquement. Vous pouvez acheter plus de temps dans l’app.
unconfirmed = Votre achat n’a pas encore été confirmé par { company }. Vous avez { access } jusqu’au { $until }, et il se poursuivra une fois l’achat confirmé. Merci de ne pas acheter de nouveau.
restore = Si l’app n’affiche pas votre accès, choisissez-y « Restaurer les achats ».
log-in = Si l’app n’affiche pas votre accès, connectez-vous avec ce compte et rouvrez l’app.

## Payments

payment-failed = { $on_known ->
    [no] Un paiement { for-product } a échoué.
   *[yes] Le { $on }, { company } n’a pas pu encaisser le paiement { for-product }.
}
keep-until = Vous gardez { access } jusqu’au { $until } ; veuillez mettre à jour votre moyen de paiement { in-store } avant cette date.
trial-payment-failed = { trial } s’est terminé le { $on } et { company } n’a pas pu encaisser le paiement.
payment-brings-back = Veuillez mettre à jour votre moyen de paiement { in-store } ; l’accès revient alors automatiquement et vous n’avez pas besoin d’acheter de nouveau.
check-payment = Pour continuer, vérifiez votre moyen de paiement { in-store }, puis abonnez-vous dans l’app.
refunded = { $amount_known ->
    [no] Votre paiement { for-product } a été remboursé le { $on }.
   *[yes] Le paiement { for-product }, soit { $amount }, a été remboursé le { $on }.
}
access-ended = L’accès a pris fin.
renewal-still-on = { $on_known ->
    [no] Le renouvellement est toujours activé. Pour éviter un débit, désactivez-le { in-store }.
   *[yes] Le renouvellement est toujours activé : vous pourriez être débité le { $on }. Pour l’éviter, désactivez-le { in-store }.
}
charged-then = Vous serez alors débité, sauf si vous désactivez avant le renouvellement { in-store }.
refund-reversed = Le remboursement { for-product } a été annulé le { $on } ; votre paiement reste donc valable.
not-charged = Vous n’avez pas été débité.
received = { $product_known ->
    [no] Nous avons reçu votre paiement.
   *[yes] Nous avons reçu votre paiement de « { $product } ».
}

## Ends

pause-follows = { $until_known ->
    [no] Votre abonnement est ensuite en pause, sans accès ni débit.
   *[yes] Votre abonnement est ensuite en pause, sans accès ni débit, jusqu’au { $until }.
}
remove-pause = Si vous ne souhaitez pas cette pause, supprimez-la { in-store }.
paused = Votre abonnement est en pause depuis le { $on } ; vous n’avez donc pas { access }.
resumes = { $on_known ->
    [no] Vous pouvez le reprendre { in-store } ; vous serez alors débité.
   *[yes] Il reprend le { $on }, et vous serez débité à cette date. Pour l’utiliser plus tôt, reprenez-le { in-store }.
}
ended = { product } a pris fin le { $on }.
trial-over = { trial } s’est terminé le { $on }.
price-not-accepted = { product } a pris fin le { $on }, car le nouveau prix n’a pas été accepté.
was-paid-until = { product } était payé jusqu’au { $until }.
renewal-was-off = { $on_known ->
    [no] Le renouvellement était désactivé ; il a donc pris fin à cette date.
   *[yes] Le renouvellement a été désactivé le { $on } ; il a donc pris fin avec la période payée.
}
replaced = { product } a été remplacé par { new-product } le { $on }.
prepaid-over = { product } était prépayé jusqu’au { $until }. Vous pouvez acheter plus de temps dans l’app.
grant-over = Nous vous avions donné { access } jusqu’au { $until }.
grant-removed = Nous vous avons donné { access } le { $from } et y avons mis fin le { $on }.
unconfirmed-ended = Votre achat n’a pas été confirmé par { company } ; l’accès a donc pris fin le { $on }.
subscribe = Vous pouvez vous abonner dans l’app à tout moment.
buy-again = Vous pouvez l’acheter de nouveau dans l’app.

## No purchase

no-record = Nous n’avons connaissance d’aucun paiement depuis. Si vous avez été débité, veuillez nous envoyer le numéro de commande figurant sur votre reçu. Sinon, vous pouvez vous abonner de nouveau dans l’app.
send-order = Si vous avez été débité, veuillez nous envoyer le numéro de commande figurant sur votre reçu. Sinon, vous pouvez l’acheter de nouveau dans l’app.
no-access-yet = Il ne donne pas accès pour le moment. Vous n’avez pas besoin d’acheter de nouveau.
test-purchase = Il s’agissait d’un achat de test ; il n’a pas été facturé et ne donne pas accès.
moved-away = Vos achats sont liés à un autre compte dans l’app. Veuillez vous connecter avec ce compte. Si vous ne le connaissez pas, veuillez nous envoyer le numéro de commande figurant sur votre reçu.
moved-by-us = Nous avons transféré vos achats vers un autre compte le { $on }. Veuillez vous connecter avec ce compte. Si ce n’est pas ce que vous souhaitiez, veuillez répondre en indiquant le numéro de commande figurant sur votre reçu.
cannot-confirm = Nous ne pouvons pas confirmer d’achat en cours pour ce compte. Veuillez choisir « Restaurer les achats » dans l’app ; si cela ne suffit pas, veuillez nous envoyer le numéro de commande figurant sur votre reçu.
no-purchase = Nous ne trouvons aucun achat pour ce compte. Veuillez vous connecter avec le compte utilisé pour l’achat, choisir « Restaurer les achats » dans l’app ou nous envoyer le numéro de commande figurant sur votre reçu.

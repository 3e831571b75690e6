//! The tables for Diesel. The migrations define them, and this file must agree with them.

diesel::table! {
    projects (id) {
        id -> BigInt,
        slug -> Text,
        name -> Text,
        webhook_secret_hash -> Text,
        transfer_behavior -> Text,
        sandbox_transfer_behavior -> Nullable<Text>,
        created_at -> BigInt,
        note_length -> BigInt,
        note_count -> BigInt,
        overrides_only_tests -> Bool,
        others_may_delete -> Bool,
        list_export_role -> Text,
        webhook_secret_set_at -> Nullable<BigInt>,
        old_webhook_secret_hash -> Nullable<Text>,
        old_webhook_secret_until -> Nullable<BigInt>,
        requires_second_factor -> Bool,
        sandbox_access -> Text,
        sandbox_testers -> Text,
        refunds_need_reason -> Bool,
        refund_reasons -> Text,
        webhooks_silent_since -> Nullable<BigInt>,
        webhooks_usual_gap -> Nullable<BigInt>,
    }
}

diesel::table! {
    webhook_hours (project_id, hour) {
        project_id -> BigInt,
        hour -> BigInt,
        arrivals -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    people (id) {
        id -> BigInt,
        email -> Text,
        name -> Text,
        password_hash -> Text,
        created_at -> BigInt,
        time_zone -> Nullable<Text>,
        theme -> Text,
        second_factor_at -> Nullable<BigInt>,
        seen_at -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
        device_generation -> BigInt,
    }
}

diesel::table! {
    memberships (project_id, person_id) {
        project_id -> BigInt,
        person_id -> BigInt,
        role -> Text,
    }
}

diesel::table! {
    sessions (key_hash) {
        key_hash -> Text,
        person_id -> Nullable<BigInt>,
        state -> Text,
        created_at -> BigInt,
        used_at -> BigInt,
        proved_at -> BigInt,
        person_awaiting_code_id -> Nullable<BigInt>,
        browser -> Text,
    }
}

diesel::table! {
    second_factors (person_id) {
        person_id -> BigInt,
        secret -> Binary,
        last_step -> BigInt,
        begun_at -> BigInt,
    }
}

diesel::table! {
    recovery_codes (person_id, code_hash) {
        person_id -> BigInt,
        code_hash -> Text,
    }
}

diesel::table! {
    invitations (project_id, id) {
        project_id -> BigInt,
        id -> BigInt,
        token_hash -> Text,
        email -> Text,
        role -> Text,
        invited_by -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    api_keys (project_id, id) {
        project_id -> BigInt,
        id -> BigInt,
        name -> Text,
        kind -> Text,
        store -> Nullable<Text>,
        key_hash -> Text,
        hint -> Text,
        created_by -> Text,
        created_at -> BigInt,
        used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        role -> Nullable<Text>,
        owner_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    login_attempts (scope, subject_hash, id) {
        scope -> Text,
        subject_hash -> Text,
        id -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    connections (project_id) {
        project_id -> BigInt,
        upstream_project -> Text,
        base_url -> Text,
        v2_key -> Binary,
        v1_key -> Nullable<Binary>,
        keys_set_at -> BigInt,
        created_at -> BigInt,
        suspended_at -> Nullable<BigInt>,
        checked_at -> Nullable<BigInt>,
        findings -> Nullable<Text>,
        catalog_in_step -> Bool,
        sample_size -> BigInt,
        sample_due_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    kept_here (customer_id, kind, item) {
        customer_id -> BigInt,
        kind -> Text,
        item -> Text,
        made_at -> BigInt,
        choice -> Text,
        decided_at -> BigInt,
        person_id -> BigInt,
        role -> Text,
        request_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    comparisons (customer_id) {
        customer_id -> BigInt,
        asked_at -> BigInt,
        outcome -> Text,
        words -> Text,
    }
}

diesel::table! {
    comparison_queue (project_id, run, app_user_id) {
        project_id -> BigInt,
        run -> Text,
        app_user_id -> Text,
        due_at -> BigInt,
        tries -> BigInt,
    }
}

diesel::table! {
    comparison_runs (project_id, run) {
        project_id -> BigInt,
        run -> Text,
        started_at -> BigInt,
        next_page -> Nullable<Text>,
        same -> BigInt,
        found -> BigInt,
        unknown -> BigInt,
        left_out -> BigInt,
        failed -> BigInt,
        finished_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    catalog_comparisons (project_id) {
        project_id -> BigInt,
        due_at -> Nullable<BigInt>,
        lease_until -> Nullable<BigInt>,
        found -> Nullable<Text>,
        found_at -> Nullable<BigInt>,
        failure -> Nullable<Text>,
        failed_at -> Nullable<BigInt>,
        done -> Nullable<Text>,
        done_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    secrets (name) {
        name -> Text,
        value -> Binary,
    }
}

diesel::table! {
    products (project_id, store, identifier) {
        project_id -> BigInt,
        store -> Text,
        identifier -> Text,
        display_name -> Nullable<Text>,
        #[sql_name = "type"]
        kind -> Text,
        duration -> Nullable<Text>,
        price_micros -> Nullable<BigInt>,
        currency -> Nullable<Text>,
    }
}

diesel::table! {
    entitlements (project_id, identifier) {
        project_id -> BigInt,
        identifier -> Text,
        display_name -> Text,
    }
}

diesel::table! {
    entitlement_products (project_id, entitlement, product) {
        project_id -> BigInt,
        entitlement -> Text,
        product -> Text,
    }
}

diesel::table! {
    offerings (project_id, identifier) {
        project_id -> BigInt,
        identifier -> Text,
        display_name -> Text,
        is_default -> Bool,
        is_archived -> Bool,
        metadata -> Text,
    }
}

diesel::table! {
    packages (project_id, offering, identifier) {
        project_id -> BigInt,
        offering -> Text,
        identifier -> Text,
        display_name -> Text,
        position -> BigInt,
    }
}

diesel::table! {
    package_products (project_id, offering, package, product) {
        project_id -> BigInt,
        offering -> Text,
        package -> Text,
        product -> Text,
    }
}

diesel::table! {
    virtual_currencies (project_id, code) {
        project_id -> BigInt,
        code -> Text,
        name -> Text,
        first_at -> BigInt,
        named_at -> BigInt,
    }
}

diesel::table! {
    customers (id) {
        id -> BigInt,
        project_id -> BigInt,
        last_seen_at -> Nullable<BigInt>,
        app_version -> Nullable<Text>,
        platform -> Nullable<Text>,
        platform_version -> Nullable<Text>,
        sdk_version -> Nullable<Text>,
        locale -> Nullable<Text>,
        country -> Nullable<Text>,
        original_app_user_id -> Text,
        best_app_user_id -> Text,
        event_country -> Nullable<Text>,
        display_name -> Nullable<Text>,
        email -> Nullable<Text>,
        spent_micros -> BigInt,
        prices_missing -> BigInt,
        payments -> BigInt,
        refunds -> BigInt,
        family_shared_only -> Bool,
        ids_count -> BigInt,
        events_count -> BigInt,
        first_event_at -> Nullable<BigInt>,
        active_at -> BigInt,
        latest -> Nullable<Text>,
        status_purchase -> Nullable<Text>,
        is_subscriber -> Bool,
        made_one_time -> Bool,
        made_sandbox -> Bool,
        subscribed_until -> BigInt,
        granted_until -> BigInt,
        info_fetched_at -> Nullable<BigInt>,
        offerings_fetched_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    app_user_ids (project_id, key) {
        project_id -> BigInt,
        key -> Binary,
        app_user_id -> Text,
        customer_id -> BigInt,
        since -> BigInt,
        is_since_exact -> Bool,
        seen_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    search_terms (project_id, term, kind, customer_id, purchase) {
        project_id -> BigInt,
        term -> Binary,
        kind -> SmallInt,
        customer_id -> BigInt,
        purchase -> BigInt,
        since -> BigInt,
        value -> Text,
    }
}

diesel::table! {
    events (project_id, id) {
        project_id -> BigInt,
        id -> BigInt,
        received_at -> BigInt,
        event_key -> Binary,
        digest -> Binary,
        body -> Binary,
    }
}

diesel::table! {
    history (customer_id, timeline_at, event_at, tie, event_id) {
        customer_id -> BigInt,
        timeline_at -> BigInt,
        event_at -> BigInt,
        event_id -> BigInt,
        tie -> Integer,
        environment -> SmallInt,
        topic -> SmallInt,
        side -> SmallInt,
        kind -> SmallInt,
        is_muted -> Bool,
    }
}

diesel::table! {
    transfer_links (customer_id, other_id) {
        customer_id -> BigInt,
        other_id -> BigInt,
    }
}

diesel::table! {
    purchases (customer_id, environment, key) {
        customer_id -> BigInt,
        environment -> Text,
        key -> Text,
        store -> Text,
        product_id -> Text,
        kind -> Text,
        names_entitlements -> Bool,
        starts_at -> BigInt,
        ends_at -> BigInt,
        body -> Text,
        born -> BigInt,
        changed -> BigInt,
        numbers -> Text,
        depends_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    progress (customer_id) {
        customer_id -> BigInt,
        purchases -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    checkpoints (customer_id, number) {
        customer_id -> BigInt,
        number -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    former_purchases (customer_id, checkpoint, environment, key) {
        customer_id -> BigInt,
        checkpoint -> BigInt,
        environment -> Text,
        key -> Text,
        born -> BigInt,
        changed -> BigInt,
        numbers -> Text,
        body -> Text,
    }
}

diesel::table! {
    payments (customer_id, at, event_id) {
        customer_id -> BigInt,
        at -> BigInt,
        event_id -> BigInt,
        purchase -> BigInt,
        transaction_key -> BigInt,
        kind -> SmallInt,
        amount -> Nullable<BigInt>,
    }
}

diesel::table! {
    currency_entries (customer_id, entry) {
        customer_id -> BigInt,
        entry -> Binary,
        at -> BigInt,
        amounts -> Text,
    }
}

diesel::table! {
    attributes (customer_id, key) {
        customer_id -> BigInt,
        key -> Text,
        value -> Text,
        updated_at -> BigInt,
        is_deleted -> Bool,
        source -> Text,
        event_at -> Nullable<BigInt>,
        event_value -> Nullable<Text>,
    }
}

diesel::table! {
    balances (customer_id, environment, code) {
        customer_id -> BigInt,
        environment -> Text,
        code -> Text,
        name -> Text,
        amount -> BigInt,
        sum -> BigInt,
        named_at -> BigInt,
    }
}

diesel::table! {
    experiments (customer_id, experiment_id) {
        customer_id -> BigInt,
        experiment_id -> Text,
        variant -> Text,
        enrolled_at -> Nullable<BigInt>,
        said_at -> BigInt,
    }
}

diesel::table! {
    notes (customer_id, id) {
        customer_id -> BigInt,
        id -> BigInt,
        body -> Text,
        author -> Text,
        author_email -> Text,
        created_at -> BigInt,
        edited_by -> Nullable<Text>,
        edited_at -> Nullable<BigInt>,
        author_id -> Nullable<BigInt>,
        edited_by_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit_entries (project_id, position) {
        project_id -> BigInt,
        position -> BigInt,
        id -> BigInt,
        at -> BigInt,
        actor_kind -> Text,
        actor_id -> Nullable<BigInt>,
        role -> Text,
        action -> Text,
        subject -> Text,
        request -> Text,
        details_hash -> Text,
        previous_hash -> Text,
        hash -> Text,
        erases -> Nullable<Text>,
    }
}

diesel::table! {
    audit_erased (project_id, position) {
        project_id -> BigInt,
        position -> BigInt,
    }
}

diesel::table! {
    repeated_refusals (project_id, person_id, role, permission) {
        project_id -> BigInt,
        person_id -> BigInt,
        role -> Text,
        permission -> Text,
        first_at -> BigInt,
        last_at -> BigInt,
        times -> BigInt,
    }
}

diesel::table! {
    audit_details (project_id, position) {
        project_id -> BigInt,
        position -> BigInt,
        customer_id -> Nullable<BigInt>,
        salt -> Text,
        body -> Text,
    }
}

diesel::table! {
    submissions (person_id, id) {
        person_id -> BigInt,
        id -> BigInt,
        project_id -> BigInt,
        customer_id -> Nullable<BigInt>,
        once -> Nullable<Text>,
        fingerprint -> Text,
        at -> BigInt,
        location -> Text,
        message -> Text,
        undo -> Nullable<Text>,
        undone_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    offering_overrides (customer_id) {
        customer_id -> BigInt,
        project_id -> BigInt,
        offering -> Text,
        set_by -> Text,
        set_by_id -> Nullable<BigInt>,
        set_at -> BigInt,
        until -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        is_end_recorded -> Bool,
    }
}

diesel::table! {
    test_customers (customer_id, person_id) {
        customer_id -> BigInt,
        person_id -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    test_sales (customer_id, token) {
        customer_id -> BigInt,
        token -> Text,
        renews_at -> BigInt,
        period -> BigInt,
        renewals -> BigInt,
    }
}

diesel::table! {
    grant_ends (customer_id, purchase_key) {
        customer_id -> BigInt,
        purchase_key -> Text,
        ends_at -> BigInt,
    }
}

diesel::table! {
    rejected_deliveries (project_id, id) {
        project_id -> BigInt,
        id -> BigInt,
        received_at -> BigInt,
        bytes -> BigInt,
        has_words -> Bool,
        reason -> Text,
        body -> Binary,
    }
}

diesel::table! {
    rejected_words (project_id, word, delivery_id) {
        project_id -> BigInt,
        word -> BigInt,
        delivery_id -> BigInt,
    }
}

diesel::table! {
    stale_customers (customer_id) {
        customer_id -> BigInt,
    }
}

diesel::table! {
    tombstones (project_id, id_hash) {
        project_id -> BigInt,
        id_hash -> Binary,
        erased_at -> BigInt,
        late -> BigInt,
    }
}

diesel::table! {
    blocked_customers (project_id, id) {
        project_id -> BigInt,
        id -> BigInt,
        app_user_id -> Text,
        ids -> BigInt,
        blocked_at -> BigInt,
        ignored -> BigInt,
    }
}

diesel::table! {
    blocked_ids (project_id, id_hash) {
        project_id -> BigInt,
        id_hash -> Binary,
        blocked_id -> BigInt,
    }
}

diesel::table! {
    retained_events (customer_id, event_id, side) {
        customer_id -> BigInt,
        event_id -> BigInt,
        side -> SmallInt,
        stands_as -> BigInt,
    }
}

diesel::table! {
    cleanups (id) {
        id -> BigInt,
        asked_at -> BigInt,
    }
}

diesel::table! {
    deletion_jobs (project_id, id) {
        project_id -> BigInt,
        id -> BigInt,
        person_id -> BigInt,
        role -> Text,
        asked_at -> BigInt,
        wanted -> Text,
        chosen -> BigInt,
        erased -> BigInt,
        kept -> BigInt,
        finished_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    deletion_choices (project_id, job_id, customer_id) {
        project_id -> BigInt,
        job_id -> BigInt,
        customer_id -> BigInt,
    }
}

diesel::table! {
    webhook_endpoints (project_id, id) {
        project_id -> BigInt,
        id -> BigInt,
        name -> Text,
        url -> Text,
        authorization_value -> Nullable<Binary>,
        environment -> Text,
        sends_received -> Bool,
        is_on -> Bool,
        secret -> Binary,
        secret_set_at -> BigInt,
        old_secret -> Nullable<Binary>,
        old_secret_until -> Nullable<BigInt>,
        created_at -> BigInt,
        last_at -> Nullable<BigInt>,
        last_status -> Nullable<BigInt>,
        last_problem -> Nullable<Text>,
    }
}

diesel::table! {
    webhook_endpoint_types (project_id, endpoint_id, kind) {
        project_id -> BigInt,
        endpoint_id -> BigInt,
        #[sql_name = "type"]
        kind -> Text,
    }
}

diesel::table! {
    webhook_deliveries (project_id, id) {
        project_id -> BigInt,
        id -> BigInt,
        endpoint_id -> BigInt,
        event_row -> Nullable<BigInt>,
        event_type -> Text,
        body -> Text,
        queued_at -> BigInt,
        state -> Text,
        next_attempt_at -> BigInt,
        leased_by -> Nullable<BigInt>,
        tries -> BigInt,
        finished_at -> BigInt,
    }
}

diesel::table! {
    delivery_attempts (project_id, delivery_id, id) {
        project_id -> BigInt,
        delivery_id -> BigInt,
        id -> BigInt,
        at -> BigInt,
        took_ms -> BigInt,
        request_headers -> Text,
        status -> Nullable<BigInt>,
        response_body -> Nullable<Text>,
        problem -> Nullable<Text>,
    }
}

diesel::table! {
    requests (project_id, id) {
        project_id -> BigInt,
        id -> BigInt,
        customer_id -> BigInt,
        kind -> Text,
        environment -> Text,
        purchase -> Text,
        transaction_id -> Nullable<Text>,
        terms -> Text,
        reason -> Nullable<Text>,
        state -> Text,
        state_at -> BigInt,
        asked_at -> BigInt,
        asker_kind -> Text,
        asker_id -> BigInt,
        asker_role -> Text,
        decider_id -> Nullable<BigInt>,
        open_as -> Nullable<Text>,
        once -> Nullable<Text>,
        fingerprint -> Nullable<Text>,
        attempts -> BigInt,
        sent_at -> Nullable<BigInt>,
        due_at -> Nullable<BigInt>,
        lease_until -> Nullable<BigInt>,
        snapshot -> Nullable<Text>,
        reference -> Nullable<Text>,
        effect_event -> Nullable<BigInt>,
        echo_event -> Nullable<BigInt>,
        echo_until -> Nullable<BigInt>,
        echo_missed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    request_steps (project_id, request_id, number) {
        project_id -> BigInt,
        request_id -> BigInt,
        number -> BigInt,
        at -> BigInt,
        state -> Text,
        person_id -> Nullable<BigInt>,
        words -> Text,
    }
}

diesel::table! {
    approval_rules (project_id, role) {
        project_id -> BigInt,
        role -> Text,
        from_dollars -> Nullable<BigInt>,
        per_day -> Nullable<BigInt>,
    }
}

diesel::table! {
    test_store_actions (project_id, id) {
        project_id -> BigInt,
        id -> BigInt,
        request_id -> BigInt,
        kind -> Text,
        transaction_id -> Text,
        amount -> Nullable<BigInt>,
        until_at -> Nullable<BigInt>,
        at -> BigInt,
    }
}

diesel::table! {
    place (id) {
        id -> BigInt,
        name -> Text,
        storage -> Text,
        identity -> Text,
        noted_at -> BigInt,
        is_restored -> Bool,
    }
}

/// The tables that some query names together, in pairs. A pair that is missing is named by the compiler's note at the query;
/// all possible pairs would be a thousand, and cost every build two seconds.
macro_rules! queried_together {
    ($($one:ident with $other:ident;)+) => {
        $(diesel::allow_tables_to_appear_in_same_query!($one, $other);)+
    };
}

queried_together! {
    api_keys with projects;
    app_user_ids with connections;
    app_user_ids with customers;
    app_user_ids with history;
    app_user_ids with notes;
    app_user_ids with projects;
    audit_details with audit_entries;
    audit_details with people;
    audit_entries with people;
    balances with customers;
    balances with virtual_currencies;
    catalog_comparisons with connections;
    comparison_queue with connections;
    comparisons with customers;
    connections with customers;
    connections with kept_here;
    connections with projects;
    connections with requests;
    customers with events;
    customers with grant_ends;
    customers with history;
    customers with kept_here;
    customers with payments;
    customers with projects;
    customers with purchases;
    customers with retained_events;
    customers with stale_customers;
    customers with test_customers;
    customers with test_sales;
    customers with transfer_links;
    entitlement_products with purchases;
    events with history;
    events with payments;
    events with retained_events;
    history with payments;
    history with webhook_deliveries;
    history with webhook_endpoints;
    invitations with people;
    invitations with projects;
    memberships with people;
    memberships with projects;
    memberships with sessions;
    memberships with test_customers;
    people with projects;
    people with second_factors;
    people with sessions;
    projects with sessions;
    projects with webhook_hours;
    requests with test_store_actions;
    retained_events with webhook_deliveries;
    webhook_deliveries with webhook_endpoints;
}

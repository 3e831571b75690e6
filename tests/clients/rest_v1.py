"""A published REST v1 client for Python calls the program; only the address that it calls is changed.

The client's own parsing is the test. It passes every key of a customer as an argument, so one key too many or too few
fails, and it reads times literally. It cannot build some requests: its grant has line breaks in the path, and its
offerings call a method that it does not have. There its session sends the request and its classes read the answer.
"""

import json
import os
import sys
import unittest
from datetime import datetime, timedelta, timezone

from revenuecat_sdk.client import Client
from revenuecat_sdk.errors import RevenueCatError
from revenuecat_sdk.response import Entitlement, Offering, Package, Subscriber
from server import Program

CATALOG = {
    "products": [{"id": "plus_1m", "store": "RC_BILLING", "display_name": "Plus", "type": "subscription",
                  "duration": "P1M", "price": {"amount": "4.99", "currency": "EUR"}}],
    "entitlements": [{"id": "plus", "display_name": "Plus", "products": ["plus_1m"]}],
    "offerings": [
        {"id": "standard", "display_name": "Standard", "default": True, "metadata": {},
         "packages": [{"id": "$rc_monthly", "display_name": "Monthly", "products": ["plus_1m"]}]},
        {"id": "winback", "display_name": "Win-back", "default": False, "metadata": {}, "packages": []},
    ],
}


class Server(Program):
    """The program with one project, a public and a secret key."""

    def prepare(self):
        self.run("project", "add", "sundial", "--name", "Sundial")
        catalog = os.path.join(self.folder.name, "catalog.json")
        with open(catalog, "w", encoding="utf-8") as file:
            json.dump(CATALOG, file)
        self.run("catalog", "apply", "--project", "sundial", catalog)
        self.public = self.key("--app", "Web", "--public")
        self.secret = self.key("--app", "Billing server", "--secret")

    def key(self, *words):
        return self.run("key", "add", "--project", "sundial", *words).splitlines()[0].split(": ")[1]


class RestV1(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        Client.base_api_url = f"{cls.server.address}/v1"
        cls.client = Client(public_key=cls.server.public, secret_key=cls.server.secret)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def post(self, path, payload=None):
        return self.client.make_request("POST", path, payload, key="secret")

    def test_a_customer_is_made_read_and_deleted(self):
        made = self.client.get_subscriber_info("lena")
        self.assertIsInstance(made, Subscriber)
        self.assertEqual(made.original_app_user_id, "lena")
        self.assertEqual((made.entitlements, made.subscriptions, made.non_subscriptions), ({}, {}, {}))
        self.assertEqual(self.client.get_subscriber_info("lena").first_seen, made.first_seen)
        self.assertEqual(self.client.delete_subscriber("lena"), "lena")
        with self.assertRaises(RevenueCatError):
            self.client.delete_subscriber("lena")

    def test_an_id_with_odd_letters_is_one_customer(self):
        for user in ["$RCAnonymousID:0123456789abcdef0123456789abcdef", "نور +1"]:
            self.assertEqual(self.client.get_subscriber_info(user).original_app_user_id, user)

    def test_a_grant_is_a_subscription_that_the_client_reads(self):
        self.client.get_subscriber_info("sandy")
        self.assertFalse(self.client.is_user_subscribed("sandy"))
        start = datetime.now(timezone.utc).timestamp() * 1000.0  # a fraction, as the client sends it
        given = self.post("/subscribers/sandy/entitlements/plus/promotional",
                          {"duration": "weekly", "start_time_ms": start})
        subscriber = Subscriber(**given["subscriber"])
        known = {key: subscriber.entitlements["plus"][key] for key in Entitlement._fields}
        ends = datetime.strptime(Entitlement(**known).expires_date, "%Y-%m-%dT%H:%M:%SZ")
        week = datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(days=7)
        self.assertLess(abs((ends - week).total_seconds()), 60)
        self.assertTrue(self.client.is_user_subscribed("sandy"))
        taken = self.post("/subscribers/sandy/entitlements/plus/revoke_promotionals")
        Subscriber(**taken["subscriber"])
        self.assertFalse(self.client.is_user_subscribed("sandy"))

    def test_attributes_are_written_and_read_by_a_server(self):
        self.client.get_subscriber_info("vera")
        self.client.update_subscriber_attrs("vera", {"plan": {"value": "gold"}})
        attributes = self.client.get_subscriber_info("vera").subscriber_attributes
        self.assertEqual(attributes["plan"]["value"], "gold")

    def test_an_override_changes_the_offering_of_that_customer_alone(self):
        for user in ["dev", "ada"]:
            self.client.get_subscriber_info(user)
        overridden = self.post("/subscribers/dev/offerings/winback/override")
        Subscriber(**overridden["subscriber"])

        def current(user):
            data = self.client.make_request("GET", f"/subscribers/{user}/offerings", platform="ios", key="public")
            for offering in data["offerings"]:
                packages = [Package(**package) for package in offering["packages"]]
                Offering(offering["description"], offering["identifier"], packages)
            return data["current_offering_id"]

        self.assertEqual((current("dev"), current("ada")), ("winback", "standard"))
        cleared = self.client.make_request("DELETE", "/subscribers/dev/offerings/override", key="secret")
        Subscriber(**cleared["subscriber"])
        self.assertEqual(current("dev"), "standard")

    def test_a_wrong_key_is_an_error_of_the_client(self):
        stranger = Client(secret_key="sk_0000000000000000")
        with self.assertRaises(RevenueCatError):
            stranger.get_subscriber_info("lena")


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=2).result.wasSuccessful())

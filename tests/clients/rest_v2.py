"""A published REST v2 client for Python, generated from the official description, reads the whole demo.

The client's own parsing is the test: it fails on a missing field, and on a word that its description does not have. Every
module of the client that reads is found and must be called, so that none is forgotten. Its description is older than some
stores; where one of those is in an answer, its word is replaced by one that the client knows, and nothing else.
"""

import importlib
import pkgutil
import re
import sys
import unittest
from http import HTTPStatus

import httpx
import revenuecat_client.api
from revenuecat_client import AuthenticatedClient
from revenuecat_client.models.app_type import AppType
from revenuecat_client.models.subscription_store import SubscriptionStore
from revenuecat_client.types import UNSET
from server import Program

PROJECT = "sundial"
# The stores of the present description, and those of them that the client does not have yet, by field.
STORES = {"amazon", "app_store", "external", "galaxy", "mac_app_store", "paddle", "paypal", "play_store", "promotional",
          "rc_billing", "roku", "stripe", "test_store"}
NEWER = {"store": STORES - {word.value for word in SubscriptionStore},
         "type": STORES - {word.value for word in AppType}}


class Demo(Program):
    """The demo, whose secret key it prints."""

    words = ("demo",)

    def prepare(self):
        self.env["DOSSIER_SECRET_KEY_REQUESTS"] = "1000000"

    @property
    def secret(self):
        with open(self.output, encoding="utf-8") as output:
            return re.search(r"key (sk_\w+) \(secret\)", output.read()).group(1)


def reads():
    """The names of the client's modules that read, such as `customer.get_customer`."""
    for area in pkgutil.iter_modules(revenuecat_client.api.__path__):
        package = importlib.import_module(f"revenuecat_client.api.{area.name}")
        for module in pkgutil.iter_modules(package.__path__):
            with open(module.module_finder.find_spec(module.name).origin, encoding="utf-8") as source:
                if '"method": "get"' in source.read():
                    yield f"{area.name}.{module.name}"


def with_known_stores(response):
    """Replaces the words of newer stores in an answer."""
    response.read()
    text = response.text
    for field, words in NEWER.items():
        text = re.sub(rf'"{field}":"({"|".join(sorted(words))})"', rf'"{field}":"stripe"', text)
    response._content = text.encode()


class RestV2(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Demo()
        cls.client = AuthenticatedClient(base_url=f"{cls.server.address}/v2", token=cls.server.secret,
                                         raise_on_unexpected_status=True)
        cls.client.set_httpx_client(httpx.Client(
            base_url=f"{cls.server.address}/v2", timeout=30, event_hooks={"response": [with_known_stores]},
            headers={"Authorization": f"Bearer {cls.server.secret}"}))
        cls.called = set()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def read(self, name, *ids, status=HTTPStatus.OK, **parameters):
        """Calls one of the client's modules and returns what it made of the answer."""
        self.called.add(name)
        module = importlib.import_module(f"revenuecat_client.api.{name}")
        answer = module.sync_detailed(PROJECT, *ids, client=self.client, **parameters) if name != PROJECTS \
            else module.sync_detailed(client=self.client, **parameters)
        self.assertEqual(answer.status_code, status, f"{name} {ids}: {answer.content[:300]}")
        if status == HTTPStatus.OK:
            self.assertIsNotNone(answer.parsed, name)
        return answer.parsed

    def all(self, name, *ids, id_of=lambda item: item.id, **parameters):
        """Every item of a list, page by page."""
        items, after = [], UNSET
        while True:
            page = self.read(name, *ids, starting_after=after, limit=100, **parameters)
            items += page.items
            if page.next_page is None:
                return items
            after = id_of(page.items[-1])

    def some_expanded(self, name, *ids, words):
        """Reads one thing, or a list, with related things in full."""
        module = importlib.import_module(f"revenuecat_client.api.{name}")
        kind = next(value for key, value in vars(module).items() if key.endswith("ExpandItem"))
        return self.read(name, *ids, expand=[kind(word) for word in words])

    def test_every_read_of_the_client_parses(self):
        self.assertEqual([project.id for project in self.all(PROJECTS)], [PROJECT])
        self.read("charts_metrics.get_overview_metrics")
        self.read_catalog()
        customers = self.all("customer.list_customers")
        subscriptions, purchases = [], []
        for customer in customers:
            subscriptions += self.all("customer.list_subscriptions", customer.id)
            purchases += self.all("customer.list_purchases", customer.id)
            self.read_customer(customer)
        self.read_purchases(subscriptions, purchases)
        self.assertEqual(set(reads()), self.called)

    def read_catalog(self):
        apps = {app.id for app in self.all("app.list_apps")}
        for app in apps:
            self.read("app.get_app", app)
        products = self.all("product.list_products")
        for product in products:
            self.assertIn(product.app_id, apps)
            self.assertEqual(self.read("product.get_product", product.id), product)
        self.some_expanded("product.list_products", words=["items.app"])
        self.some_expanded("product.get_product", products[0].id, words=["app"])
        for entitlement in self.all("entitlement.list_entitlements"):
            self.assertEqual(self.read("entitlement.get_entitlement", entitlement.id), entitlement)
            self.some_expanded("entitlement.get_entitlement", entitlement.id, words=["product"])
            self.assertTrue(self.all("entitlement.get_products_from_entitlement", entitlement.id))
        self.some_expanded("entitlement.list_entitlements", words=["items.product"])
        for offering in self.all("offering.list_offerings"):
            full = self.some_expanded("offering.get_offering", offering.id, words=["package", "package.product"])
            packages = self.all("package.list_packages", offering.id)
            self.assertEqual([package.id for package in full.packages.items], [package.id for package in packages])
            self.some_expanded("package.list_packages", offering.id, words=["items.product"])
            for package in packages:
                self.assertEqual(self.read("package.get_package", package.id), package)
                self.some_expanded("package.get_package", package.id, words=["product"])
                self.all("package.get_products_from_package", package.id, id_of=lambda sale: sale.product.id)
        self.some_expanded("offering.list_offerings", words=["items.package", "items.package.product"])

    def read_customer(self, customer):
        self.assertEqual(self.read("customer.get_customer", customer.id).first_seen_at, customer.first_seen_at)
        self.some_expanded("customer.get_customer", customer.id, words=["attributes"])
        self.all("customer.list_customer_aliases", customer.id)
        self.all("customer.list_customer_attributes", customer.id, id_of=lambda attribute: attribute.name)
        self.all("customer.list_customer_active_entitlements", customer.id, id_of=lambda one: one.entitlement_id)
        self.all("invoice.list_customer_invoices", customer.id)

    def read_purchases(self, subscriptions, purchases):
        stores = {subscription.store.value for subscription in subscriptions}
        self.assertGreaterEqual(len(stores), 5, f"the demo has customers of every kind: {stores}")
        self.assertTrue(any(one.total_revenue_in_usd.proceeds for one in subscriptions) and purchases)
        for one in subscriptions:
            self.assertEqual(self.read("subscription.get_subscription", one.id), one)
            self.assertEqual(self.all("subscription.list_subscription_entitlements", one.id), one.entitlements.items)
        for one in purchases:
            self.assertEqual(self.read("purchase.get_purchase", one.id), one)
            self.assertEqual(self.all("purchase.list_purchase_entitlements", one.id), one.entitlements.items)
        # The program keeps no files of invoices, which the description allows for.
        self.read("invoice.get_invoice", subscriptions[0].customer_id, "none", status=HTTPStatus.NOT_FOUND)

    def test_what_is_not_there_is_an_answer_that_the_client_knows(self):
        for name in ["subscription.get_subscription", "purchase.get_purchase", "product.get_product", "app.get_app"]:
            self.read(name, "nothing", status=HTTPStatus.NOT_FOUND)


PROJECTS = "project.list_projects"

if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=2).result.wasSuccessful())

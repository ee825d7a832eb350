"""Drives the management API as a user of the package healthchecks_io does; fails on the first surprise.

Its get_check_flips is left out: it follows the example in Healthchecks' documentation (a bare list), not what the server
answers (an object), so it fails against Healthchecks as well.
"""

import sys

from healthchecks_io import BadAPIRequestError, CheckCreate, CheckNotFoundError, Client, HCAPIAuthError
from healthchecks_io.schemas import CheckUpdate

url, key, wrong_key, channel = sys.argv[1:]


def expect(error, call):
    try:
        call()
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")


for version in (1, 2, 3):
    with Client(api_key=key, api_url=f"{url}/api/", ping_url=f"{url}/ping/", api_version=version) as client:
        new = CheckCreate(name=f"Backup v{version}", tags="db prod", schedule="*/5 * * * *", tz="Europe/Riga",
                          channels="*", unique=["name"])
        check = client.create_check(new)
        assert check.name == f"Backup v{version}" and check.status == "new" and check.channels == channel, check
        assert client.create_check(new).uuid == check.uuid
        assert [c.uuid for c in client.get_checks(tags=["db", "prod"])] == [check.uuid]
        assert client.get_checks(tags=["nothing"]) == []
        updated = client.update_check(check.uuid, CheckUpdate(grace=120, schedule="0 0 * * *", tz="UTC", methods="", unique=[]))
        assert updated.grace == 120 and updated.n_pings == 0, updated
        assert client.get_check(check.uuid).grace == 120
        assert client.pause_check(check.uuid).status == "paused"
        assert client.get_check_pings(check.uuid) == []
        assert [str(i.id) for i in client.get_integrations()] == [channel]
        badges = client.get_badges()
        assert set(badges) == {"*", "db", "prod"} and badges["db"].svg.startswith("https://"), badges
        expect(BadAPIRequestError, lambda: client.update_check(check.uuid, CheckUpdate(
            name="x" * 101, schedule="0 0 * * *", tz="UTC", methods="", unique=[])))
        assert client.delete_check(check.uuid).uuid == check.uuid
        expect(CheckNotFoundError, lambda: client.get_check(check.uuid))
    with Client(api_key=wrong_key, api_url=f"{url}/api/", api_version=version) as client:
        expect(HCAPIAuthError, client.get_checks)
print("ok")

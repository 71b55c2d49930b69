"""The Redis of one machine: one for each folder."""

import os
import subprocess
import sys

import redis

from tests.services import wait_until

COMMAND = [sys.executable, "-m", "studyapp.workers.local_redis"]


def test_a_second_one_in_the_same_folder_is_refused_and_harms_nothing(tmp_path):
    environment = {**os.environ, "BYLINE_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "studyapp.settings"}
    first = subprocess.Popen(COMMAND, env=environment, stdout=subprocess.DEVNULL)
    client = redis.Redis(unix_socket_path=str(tmp_path / "redis" / "redis.sock"))
    try:
        wait_until(lambda: answers(client), seconds=30, what="the first Redis answers")
        client.set("key", "value")
        second = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 1
        assert f"already runs from {tmp_path}" in second.stderr
        assert client.get("key") == b"value"
    finally:
        first.terminate()
        first.wait(timeout=20)
    third = subprocess.Popen(COMMAND, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(client), seconds=30, what="the folder is free again")
        assert client.get("key") == b"value"
    finally:
        third.terminate()
        third.wait(timeout=20)


def answers(client):
    try:
        return client.ping()
    except redis.ConnectionError:
        return False

"""The page from its flags to its end, which is a signal."""

import getpass
import os
import sys
import webbrowser

from nstjax.cli.exit_codes import SUCCESS
from nstjax.cli.files.inputs import tools_named
from nstjax.cli.parsing.serve_arguments import ServeArguments
from nstjax.cli.running.compilation_cache import keep_programs
from nstjax.cli.running.speech import Speech
from nstjax.errors import UserError
from nstjax.web.limits import Limits
from nstjax.web.order import Engine
from nstjax.web.serving import serving
from weights_tools.process import signals

PASSWORD = "NSTJAX_PASSWORD"
LOOK_EVERY = 0.2  # seconds between two looks for a signal


def run_serve(arguments: ServeArguments) -> int:
    """Serves the page until a signal comes; returns the exit code.

    Raises `UserError` where others reach it and there is no password, for an address that cannot be had,
    and for a device or network that cannot be found.
    """
    password = _password(arguments)
    speech = Speech(quiet=False)
    tools = tools_named(arguments.model, arguments.preprocessing, arguments.device)
    keep_programs()
    network = tools.network
    engine = Engine(tools.weights, network.name, arguments.preprocessing, tools.device)
    limits = Limits(largest=arguments.largest)
    where = {"host": arguments.host, "port": arguments.port}
    with serving(engine, limits, password=password, **where) as server:
        speech.say(f"network {network.name}{network.remark}, on {tools.device.device_kind}")
        speech.warn(f"the page is at {server.url} (Ctrl-C ends it)")
        if arguments.browser:
            webbrowser.open(server.url)
        caught = signals.current()
        caught.notice = "ending; again to end at once"
        caught.has_result = True  # the folder of what was made, which is removed
        while caught.number is None and server.is_running:
            server.wait(LOOK_EVERY)
    return SUCCESS


def _password(arguments: ServeArguments) -> str:
    """What visitors are asked for; nothing where only this machine reaches the page and none is set."""
    password = os.environ.get(PASSWORD, "")
    if password or arguments.is_local:
        return password
    why = f"host is {arguments.host}, which others reach, and there is no password"
    if not sys.stdin.isatty():
        raise UserError(f"{why}: set {PASSWORD} in the environment")
    password = getpass.getpass("Password for the page: ")
    if not password:
        raise UserError(f"{why}: type one, or set {PASSWORD} in the environment")
    return password

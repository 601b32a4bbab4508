"""A real mail server (aiosmtpd) for the tests, which ends with its standard input. It says its port in a first line of JSON, and each
mail that it takes in another one, read by somebody else's reader of mails.

Arguments: security (starttls, tls or none), certificate, key, user name, password.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import AuthResult, SMTP


def say(what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("full@"):
            return "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        defects = [part.defects for part in mail.walk()] + [value.defects for value in mail.values()]
        say(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "user": (session.auth_data or b"").decode(),
                "encrypted": session.ssl is not None,
                "ascii": envelope.content.isascii(),
                "longest": max(len(line) for line in envelope.content.split(b"\r\n")),
                "defects": [str(defect) for several in defects for defect in several],
                "headers": {name.lower(): str(value) for name, value in mail.items()},
                "plain": mail.get_body(("plain",)).get_content(),
                "html": mail.get_body(("html",)).get_content(),
            }
        )
        return "250 taken"


async def main():
    security, certificate, key, user, password = sys.argv[1:6]
    context = None
    if security != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

    def authenticate(server, session, envelope, mechanism, data):
        right = (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=right, handled=False, auth_data=data.login if right else None)

    def session():
        return SMTP(
            Handler(),
            hostname="mail.test",
            authenticator=authenticate,
            auth_required=True,
            # With TLS from the first byte the server does not see that it is there.
            auth_require_tls=security == "starttls",
            tls_context=context if security == "starttls" else None,
            require_starttls=security == "starttls",
        )

    server = await asyncio.get_running_loop().create_server(
        session, "127.0.0.1", 0, ssl=context if security == "tls" else None
    )
    asyncio.get_running_loop().add_reader(sys.stdin, sys.exit)
    say({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main())

"""What a new user name and a new password must be like."""

import re

from whalefall.errors import BadInput, Code, said

USERNAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
SHORTEST, LONGEST = 8, 128

# The first ones an attacker tries, of those long enough to be accepted otherwise.
_COMMON = """
    00000000 000000000 0123456789 0987654321 10203040 11111111 111111111 1111111111 11223344
    1122334455 12121212 123123123 12341234 1234512345 12345678 123456789 1234567890 12345678910
    123456789a 123456780 1234qwer 123qweasd 12qwaszx 13131313 147258369 159357456 19841984 1q2w3e4r
    1q2w3e4r5t 1qaz2wsx 1qazxsw2 20202020 22222222 33333333 55555555 66666666 69696969 76543210
    77777777 87654321 88888888 987654321 99999999 a1234567 a12345678 a123456789 aa123456 aa12345678
    aaaaaaaa abc12345 abc123456 abcd1234 abcdefgh abcdefg1 access14 admin123 admin1234 admin12345
    admin@123 adminadmin administrator anthony1 asdasdasd asdf1234 asdfasdf asdfghjk asdfghjkl
    babygirl baseball basketball benjamin blink182 bluebird butterfly california carolina caroline
    changeit changeme changeme1 changeme123 charlie1 chocolate computer consumer corvette cowboys1
    danielle database default1 dragon12 dubsmash einstein elephant explorer fishing1 florence
    football football1 freedom1 garfield godzilla hardcore harley01 hello123 hellohello iloveyou
    iloveyou1 iloveyou2 infinity internet jennifer jessica1 jonathan jordan23 justdoit
    letmein1 letmein123 liverpool lovelove login123 maverick mercedes metallica michael1 michelle
    midnight monkey123 mustang1 mysql123 myspace1 nicholas oracle123 p@ssw0rd p@ssword pa55word
    pass1234 passpass passw0rd password password! password01 password1 password11 password12
    password123 password1234 password2 password3 patricia peaches1 platinum pokemon1 postgres
    postgres1 postgres123 princess princess1 q1w2e3r4 q1w2e3r4t5 qazwsx123 qazwsxedc qqww1122
    qwaszx12 qwer1234 qwerasdf qwert123 qwerty12 qwerty123 qwerty1234 qwertyui qwertyuiop
    rangers1 redskins rootroot root1234 root12345 samantha scorpion secret123 security september
    shadow12 sqlserver starwars steelers sunshine sunshine1 superman superman1 superuser swordfish
    test1234 test12345 testtest theworld trustno1 tweety12 undertaker unknown1 victoria
    vietnam1 welcome1 welcome12 welcome123 whalefall whatever william1 woaini1314 woaini520
    wordpass xxxxxxxx yankees1 zaq12wsx zaq1zaq1 zxcvbnm1 zxcvbnm123 zzzzzzzz
"""
COMMON = frozenset(_COMMON.split())


def check_username(username: str) -> str:
    """The name, or BadInput."""
    if not USERNAME.fullmatch(username):
        raise BadInput(
            "A user name has 1 to 64 letters, digits or the signs _ . @ -", field="username"
        )
    return username


def check_password(password: str, username: str, *, field: str = "password") -> str:
    """The password, or BadInput PASSWORD_INVALID. Length counts, composition does not."""
    if fault := _fault(password, username):
        raise BadInput(fault, code=Code.PASSWORD_INVALID, field=field)
    return password


def _fault(password: str, username: str) -> str | None:
    if not SHORTEST <= len(password) <= LONGEST:
        return said(
            "A password has %(least)s to %(most)s characters.", least=SHORTEST, most=LONGEST
        )
    if password.lower() in COMMON or len(set(password)) == 1:
        return said("This password is among the first that anybody would try.")
    if username.lower() in {password.lower(), password.lower()[::-1]}:
        return said("The password is the user name.")
    return None

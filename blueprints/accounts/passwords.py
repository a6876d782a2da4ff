"""Which passwords we refuse. Length counts most; beyond that only what everybody would try first."""

SHORTEST = 8  # characters

# Our own list: what is guessed first, in lower case, without what SHORTEST refuses anyway.
OBVIOUS = frozenset(
    """
    00000000 01234567 0123456789 11223344 12341234 12344321 123123123 12345678 123456789 1234567890 123456abc 123654789
    147258369 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 20202020 20262026 87654321 987654321 9876543210 a1234567 a12345678 aa123456
    aaaaaaaa abc12345 abcd1234 abcdefgh abcdefghi admin123 administrator asdfasdf asdfghjk asdfghjkl azertyuiop baseball
    changeme chinachina computer dragon123 football geheim123 hallo123 hello123 iloveyou internet letmein1 letmein123
    liverpool magazine masthead mypassword passw0rd password password1 password12 password123 password1234 passwort
    princess q1w2e3r4 qazwsxedc qwer1234 qwerasdf qwert123 qwerty12 qwerty123 qwertyui qwertyuiop starwars sunshine
    superman trustno1 upstairs wachtwoord welcome1 welcome123 welkom01 welkom123 whatever woaini1314 woaini520 zaq12wsx
    zhang123 zxcvbnm1 zxcvbnm123
""".split()
)


def refusal(password: str, email: str) -> str:
    """Why this password will not do, for its reader; "" when it will."""
    plain = password.casefold().strip()
    if len(password.strip()) < SHORTEST:
        return f"The password is too short. Use {SHORTEST} characters or more; several words make a good one."
    if plain in OBVIOUS or len(set(plain)) < 3:
        return "This password is among the first that anybody would guess. Choose another one."
    if email and plain in {email.casefold(), email.casefold().partition("@")[0]}:
        return "Your e-mail address is no secret. Choose another password."
    return ""

"""The reminders that the demonstration sends, in English and Welsh.

Neutral, one action, no names. Each says who sends it, where the contact came from, how information is used and how
to stop. Placeholders: council, deadline, link (the resident's own page), privacy_link, contact_source.
"""

EMAIL_SUBJECT_EN = "Check who is registered to vote at your address"
EMAIL_EN = """\
Please check that everyone who lives with you and can register to vote has done so.

# What to do

Go to ((link)) by ((deadline)). It takes about 5 minutes.

If everyone is already registered, you do not need to do anything.

# Why you got this message

The Electoral Registration Officer for ((council)) sent it. We have this email address from ((contact_source)).

How we use your information: ((privacy_link))

To stop these messages, choose ‘Stop messages’ at ((link))"""

EMAIL_SUBJECT_CY = "Gwiriwch pwy sydd wedi cofrestru i bleidleisio yn eich cyfeiriad"
EMAIL_CY = """\
Gwiriwch fod pawb sy’n byw gyda chi ac sy’n gallu cofrestru i bleidleisio wedi gwneud hynny.

# Beth i’w wneud

Ewch i ((link)) erbyn ((deadline)). Mae’n cymryd tua 5 munud.

Os yw pawb eisoes wedi cofrestru, nid oes angen i chi wneud dim.

# Pam y cawsoch y neges hon

Anfonwyd y neges gan Swyddog Cofrestru Etholiadol ((council)). Cawsom y cyfeiriad e-bost hwn o ((contact_source)).

Sut rydym yn defnyddio eich gwybodaeth: ((privacy_link))

I atal y negeseuon hyn, dewiswch ‘Atal negeseuon’ yn ((link))"""

SMS_EN = (
    "Electoral Registration Officer, ((council)): please check that everyone at home who can register to vote "
    "has done so by ((deadline)): ((link)) Your number is from ((contact_source)). Privacy: ((privacy_link)) "
    "Reply STOP to stop."
)
SMS_CY = (
    "Swyddog Cofrestru Etholiadol ((council)): gwiriwch fod pawb gartref sy'n gallu cofrestru i bleidleisio wedi "
    "gwneud hynny erbyn ((deadline)): ((link)) Daeth eich rhif o ((contact_source)). Preifatrwydd: ((privacy_link)) "
    "Atebwch STOP i atal."
)

LETTER_SUBJECT_EN = "Check who is registered to vote at this address"
LETTER_EN = """\
Please check that everyone who lives here and can register to vote has done so.

# What to do

Go to ((link)) by ((deadline)). It takes about 5 minutes. You can also ask us for a paper form.

If everyone is already registered, you do not need to do anything.

# Why you got this letter

The Electoral Registration Officer for ((council)) sent it. We have this address from ((contact_source)).

How we use your information: ((privacy_link))

To stop these letters, choose ‘Stop messages’ at ((link))"""

LETTER_SUBJECT_CY = "Gwiriwch pwy sydd wedi cofrestru i bleidleisio yn y cyfeiriad hwn"
LETTER_CY = """\
Gwiriwch fod pawb sy’n byw yma ac sy’n gallu cofrestru i bleidleisio wedi gwneud hynny.

# Beth i’w wneud

Ewch i ((link)) erbyn ((deadline)). Mae’n cymryd tua 5 munud. Gallwch hefyd ofyn i ni am ffurflen bapur.

Os yw pawb eisoes wedi cofrestru, nid oes angen i chi wneud dim.

# Pam y cawsoch y llythyr hwn

Anfonwyd y llythyr gan Swyddog Cofrestru Etholiadol ((council)). Cawsom y cyfeiriad hwn o ((contact_source)).

Sut rydym yn defnyddio eich gwybodaeth: ((privacy_link))

I atal y llythyrau hyn, dewiswch ‘Atal negeseuon’ yn ((link))"""

REMINDERS: dict[str, tuple[str, str | None, str]] = {
    "email_reminder_en": ("email", EMAIL_SUBJECT_EN, EMAIL_EN),
    "email_reminder_cy": ("email", EMAIL_SUBJECT_CY, EMAIL_CY),
    "sms_reminder_en": ("sms", None, SMS_EN),
    "sms_reminder_cy": ("sms", None, SMS_CY),
    "letter_reminder_en": ("letter", LETTER_SUBJECT_EN, LETTER_EN),
    "letter_reminder_cy": ("letter", LETTER_SUBJECT_CY, LETTER_CY),
}

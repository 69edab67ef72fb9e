"""Lists of words: particles, titles, Mac- surnames, legal forms, postcode areas. Knows no rules."""


def words(text: str) -> frozenset[str]:
    """The words of a text between spaces and line ends."""
    return frozenset(text.split())


PARTICLES = words("""
    af ap av bin da das de degli dei del dell della den der di do dos du e het ibn op of 't te ten ter tot
    van vande vanden vander von vom zu zum zur
""")
"""Small before a surname's last word. Not those that most write with a capital (Le Bon, El Sayed)."""

ARTICLES = words("la las le les los")
"""Small after a particle (de la Cruz), else as any word (La Salle)."""

APOSTROPHE_PREFIXES = words("d da de dell dall du l la le m n o")
"""A capital follows their apostrophe (O'Brien, De'Andre); not others' (Pe'er, Ka'imi)."""

MAC_SURNAMES = words("""
    macadam macalister macallister macalpine macarthur macaskill macaulay macauley macbride maccallum
    maccarthy maccoll macconnell maccormack maccormick macculloch macdermott macdiarmid macdonald macdonell
    macdougal macdougall macduff macewan macewen macfadyen macfarlane macfie macgillivray macgowan macgrath
    macgregor macguire macinnes macinnis macintosh macintyre maciver macivor mackay mackellar mackinlay
    mackinnon mackintosh maclachlan maclaine maclaren maclean maclellan maclennan macleod macmahon macmaster
    macmillan macmurray macnab macnamara macnaughton macneil macneill macnicol macphail macphee macpherson
    macquarrie macqueen macrae macritchie macrory macsween macsweeney mactaggart mactavish macvicar
    macwilliam
""")
"""Surnames written with a second capital; others that begin so (Machin, Mackie, Mace, Macklin) are not."""

LETTERS_AFTER = {
    word.lower(): word
    for word in words("""
        Jr Sr Snr Jnr II III IV VII VIII PhD DPhil MD DDS DMD DVM MBBS BSc MSc BSN BEng MEng LLB LLM MBA MBE
        OBE CBE KBE DBE MP QC KC JP FRS FRCS FRCP FCA ACA CPA CEng RN Esq
    """)
}
"""After a surname only."""

LETTERS_AFTER_COMMA = {word.lower(): word for word in words("MA BA DO PA AIA VI V")}
"""Of these most are names as well, so that only a comma tells."""

TITLES = {
    word.lower(): word
    for word in words("""
        Mr Mrs Ms Miss Mx Dr Prof Rev Sir Dame Lord Lady Hon Rt Capt Maj Col Lt Sgt Cpl Cdr Gen Brig Fr Sr Br
        Canon Rabbi Imam Judge Cllr Baroness Baron Count Countess Viscount Master Mstr Messrs Mme Mlle M Herr
        Frau Sra Srta Ir Ing Eng and the & Very Most Right Wing Flt Sqn Ldr Adm
    """)
} | {
    "/": "/",
    "mister": "Mr", "missus": "Mrs", "doctor": "Dr", "professor": "Prof", "revd": "Rev", "reverend": "Rev",
    "honourable": "Hon", "captain": "Capt", "major": "Maj", "colonel": "Col", "lieut": "Lt",
    "lieutenant": "Lt", "sergeant": "Sgt", "corporal": "Cpl", "commander": "Cdr", "brigadier": "Brig",
    "councillor": "Cllr", "madame": "Mme", "admiral": "Adm",
}  # fmt: skip

JOINING = words("and or und & +")
"""Between two people's names."""

TITLES_BEFORE_NAMES = words("""
    mr mrs ms miss mx dr doctor prof professor rev revd reverend sir dame lord lady capt captain maj major
    col colonel lt sgt cllr mme mlle herr frau
""")
"""Of those, the ones that are no given names (as Canon, Judge, Count and Master are)."""

LEGAL_FORMS = {
    form.lower(): form
    for form in words("""
        Ltd Limited PLC LLP LP Inc Corp Co LLC GmbH AG KG OHG SE SA SAS SARL BV NV AB AS ApS Oy SpA Srl Pty
        Pvt CIC CIO UK (UK)
    """)
} | {
    "ltd.": "Ltd", "plc.": "PLC", "p.l.c.": "PLC", "l.l.p.": "LLP", "inc.": "Inc.", "co.": "Co.",
    "corp.": "Corp.",
}  # fmt: skip

SMALL_WORDS = words("of and the for in on at to by with from a an y e et de du la le les und der die das")
"""Small in a company's name, unless they open it."""

SHORT_WORDS = words("""
    ace ann art ash bay bed bee big bob box boy bus buy car cat cod cut dan day den dog dry eco elm end
    eve eye fan fit fox fun fur gas gay go guy gym hat hot ian ice ink inn jam jet jim job joe jon joy kay
    ken key kid lab law lee leo low man map max may men mix my net new nut oak off oil old one our out owl
    pan pat pen pet pie pub ray red rob ron roy run sam sea set sid six ski sky son spa sue sun tea ted
    ten tim tom top toy two van vet war wax way we yes you zip zoo
""")
"""Words and names of up to three letters that are no initials when they stand in capitals."""

INITIALS = words("acas asda icaew ikea nasa nato rspca ucas unesco unicef unison usdaw ymca ywca")
"""Longer ones that are, though they could be said as a word."""

MEANINGLESS = frozenset(
    {
        "n/a", "n.a.", "unknown", "not known", "not given", "not provided", "not applicable", "no name",
        "none given", "tbc", "tba", "xx", "xxx", "xxxx", "asdf", "qwerty", "test test", "anonymous",
    }
)  # fmt: skip
"""What people type to get past a field. Not Null, Na, None or Test, which are people's names."""

POSTCODE_AREAS = words("""
    AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH
    EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK
    ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD
    TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE
""")
"""The 121 of Great Britain and Northern Ireland, GY, IM and JE, and BF (forces) and BX (no place)."""

"""Lists of words: particles, titles, Mac- surnames, legal forms, postcode areas. Knows no rules."""


def words(text: str) -> frozenset[str]:
    """The words of a text between spaces and line ends."""
    return frozenset(text.split())


PARTICLES = words("""
    af ap av bin da das de degli dei del dell della den der di do dos du e het ibn op of 't te ten ter tot
    und van vande vanden vander von vom y zu zum zur
""")
"""Small before a surname's last word. Not those that most write with a capital (Le Bon, El Sayed)."""

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
        Jr Sr II III IV PhD DPhil MD MBBS BSc MSc BEng MEng LLB LLM MBA MBE OBE CBE KBE DBE MP QC KC JP FRS
        FRCS FRCP FCA ACA CEng RN Esq
    """)
}
"""After a surname only. Not MA, BA, VI or V, which are names as well."""

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
    art ash auto baby back bank bath bay bed bee bell best big bike bird blue boat body book box boy bus
    buy cafe cake car card care cat city club coat cod cold cook cool core day deal dear deli den dog door
    down dry east easy eco elm end eye fair farm fast film fine fire fish fit five flow food foot four fox
    free fun fur game gas gate gift girl go gold good golf gym hair hall hand hat head help here high hill
    home hot ice ink inn iron jam jet job joy key kid king lab lake lamp land law life line lion lock long
    love low man map mark meat men milk mill mind moon more my nail net new news next nut oak oil old one
    open our out owl pet pie pine pink play plus pool post pub pure rail rain real red rest ring road rock
    roof room rose run safe sail salt sand sea shoe shop sign silk six ski sky skin soft son sons soul spa
    star stay sun sure taxi tea team ten time tool top town toy tree two van vet view wall war wash wave
    way we west wild wind wine wing wire wise wood work yard yes you your zoo
""")
"""Words of up to four letters that are no initials when they stand in capitals."""

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

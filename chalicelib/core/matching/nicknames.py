"""Short and other forms of given names, and which words are given names at all: data of this project.

Each line: a full name, a colon, its forms. A form belongs to every full name that lists it (Alex is Alexander and
Alexandra); forms of one name say nothing about each other. Folded: lower case, ASCII.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

_ENGLISH = """
aaron: ron ronnie|abigail: abby abbie gail|abraham: abe bram|adam: ad|adelaide: addie della|agnes: aggie nessa
alan: al allan allen|albert: al bert bertie
alexander: alex al sandy lex xander alec sasha aleksandr alexandre aleksander alessandro alexandr
alexandra: alex sandra lexi lexie sandy sasha alexa aleksandra alessandra|alfred: al alf alfie fred freddie
alice: ali ally allie|alison: ali ally allie allison|amanda: mandy|amelia: amy mia millie|andrea: andi drea
andrew: andy drew|angela: angie|ann: annie nan anne|anna: annie ann anne ana|anthony: tony ant antony
antoinette: toni nettie|antonia: toni tonia|archibald: archie|arnold: arnie|arthur: art artie|augustus: gus
barbara: barb barbie babs|bartholomew: bart|beatrice: bea trixie|benjamin: ben benny benji|bernard: bernie
bethany: beth|bradley: brad|brian: bryan|bridget: bridie|calvin: cal|cameron: cam|caroline: carrie carol caro lina
cassandra: cass cassie sandra|catherine: cathy kate katie cath cat kitty katherine kathryn katharine catharine
cecilia: cissy|charles: charlie chuck chas charley|charlotte: charlie lottie lotte char|chelsea: chels
christian: chris|christina: chris tina christy kristina cristina|christine: chris chrissie tina kristine
christopher: chris kit topher kris|clara: clare|clarence: clar|claudia: claudie|clifford: cliff|clinton: clint
constance: connie|cornelius: neil con|courtney: court|curtis: curt|cynthia: cindy|daniel: dan danny|danielle: dani
david: dave davy davey|deborah: deb debbie debra|denise: dee|dennis: den denny|derek: del|diana: di|dominic: dom nick
donald: don donnie|dorothy: dot dottie dolly|douglas: doug|dylan: dyl|edmund: ed eddie ted
edward: ed eddie ted teddy ned eduard|edwin: ed eddie|eleanor: ellie nell nellie elle nora ella
elizabeth: liz lizzie beth betty bess eliza lisa libby betsy elisabeth liza lizzy|ellen: ellie nell
emily: em emmy emmie millie|emma: em emmy|eric: erik|ernest: ernie|ethan: eth|eugene: gene yevgeny evgeny evgeni
eva: evie eve|evelyn: evie eve|florence: flo florrie|frances: fran francie|francis: frank fran|franklin: frank
frederick: fred freddie freddy rick fredric|gabriel: gabe|gabrielle: gabby elle|genevieve: gen evie
geoffrey: geoff jeff|george: georgie|georgina: georgie gina|gerald: gerry jerry|gerard: gerry|gilbert: gil bert
gordon: gordy|grace: gracie|graham: gray|gregory: greg gregg|gwendolyn: gwen|hannah: hanna|harold: harry hal
harriet: hattie|harrison: harry|heather: heath|helen: nell nellie lena|henrietta: hettie etta|henry: harry hank hal
herbert: herb bert|howard: howie|hubert: bert hugh|ian: iain|irene: renie|isaac: ike zac
isabella: bella izzy isa isabel isabelle|isabel: izzy bella isabelle isobel|jacob: jake jakob|jacqueline: jackie
james: jim jimmy jamie jem|jane: janie jenny|janet: jan|janice: jan|jasmine: jas jazz|jason: jay|jeffrey: jeff jeffery
jennifer: jen jenny jenn|jeremy: jerry jez jem|jessica: jess jessie|joan: joanie|joanna: jo joanne
john: johnny jack jon johnnie|jonathan: jon jonny nathan johnathan|jordan: jordy|joseph: joe joey jo josef
josephine: jo josie|joshua: josh|judith: judy jude|julia: jules julie|julian: jules|julie: jules|justin: jus
karen: kaz|katherine: kate katie kathy kat kitty kathryn|kathleen: kathy kath kate katie|kelly: kel|kenneth: ken kenny
kevin: kev|kimberly: kim kimmy kimberley|kristen: kris|laura: laurie|lauren: laurie|laurence: larry laurie lawrence
lawrence: larry laurie|leonard: len lenny leo|leonardo: leo|leslie: les lesley|lewis: lew|lillian: lily lil lilian
linda: lindy|louis: lou louie lewis luis|louise: lou|lucas: luke luc lukas|lucille: lucy|lucy: lu|lydia: liddy
madeleine: maddie maddy madeline|madison: maddie|malcolm: mal|marcus: marc mark
margaret: maggie meg peggy marge margie greta daisy madge|maria: mary mia|marian: mary|marilyn: mary
martha: marty mattie|martin: marty|mary: molly polly mae|matilda: tilly mattie|matthew: matt matty mathew|maureen: mo
maurice: mo|maximilian: max|melanie: mel|melissa: mel lissa|mercedes: mercy
michael: mike mick mickey micky mikey mikhail micheal|michelle: shelly chelle|mildred: millie|miranda: mandy randy
mitchell: mitch|mohammed: mo mohamed muhammad mohammad|monica: moni|morgan: mo|nancy: nan|natalie: nat nataly natalia
natasha: tasha nat|nathan: nate nat|nathaniel: nat nate nathan|nicholas: nick nicky nic nicolas nico klaus nikolas
nicole: nicky nikki nic|norman: norm|oliver: ollie olly|olivia: liv livvy ollie|oscar: oz|owen: owie|pamela: pam
patricia: pat patty trish tricia patsy|patrick: pat paddy rick|paul: paulie|paula: pauly|pauline: polly
penelope: penny nell|peter: pete|philip: phil pip phillip philipp|phyllis: phyl|rachel: rach rachael|ralph: ralphie
randall: randy|raymond: ray|rebecca: becky bec becca rebekah|reginald: reg reggie
richard: rick ricky dick rich richie rickard|robert: bob bobby rob robbie bert robby|roberta: bobbie berta
roderick: rod roddy|rodney: rod|roger: rodge|roland: rollo|ronald: ron ronnie|rosemary: rose rosie|russell: russ
ruth: ruthie|samantha: sam sammy|samuel: sam sammy|sandra: sandy|sarah: sara sally sadie|scott: scotty
sebastian: seb bas|sharon: shaz|shirley: shirl|sidney: sid|simon: si|sophia: sophie sofia|sophie: soph|spencer: spence
stanley: stan|stephanie: steph stef stephy|stephen: steve stevie steven|steven: steve stevie|stewart: stu stuart
stuart: stu|susan: sue susie suzy sukie|suzanne: sue suzy susanne|sylvia: syl silvia|tabitha: tabby|tamara: tammy
teresa: terry tess tessa theresa|terence: terry tel terrence|theodore: theo ted teddy|theresa: terry tess tessa
thomas: tom tommy tomas|tiffany: tiff|timothy: tim timmy|tobias: toby|valerie: val|vanessa: nessa
veronica: ronnie vera|victor: vic viktor|victoria: vicky vikki tori viktoria|vincent: vince vinny vin|violet: vi
virginia: ginny|vivian: viv|walter: walt wally|wendy: wen|wesley: wes|wilfred: wilf fred
william: bill billy will willy liam willie|winifred: winnie|winston: win|yvonne: vonnie|zachary: zach zac zack
"""
_GERMAN = """
adelheid: heidi|albrecht: al|alexander: axel lexi|andreas: andi andy dreas|angelika: geli angie|anna: anni aenne
annegret: anne gret|annemarie: anne annemie|anneliese: anne liesel|anton: toni|antonia: toni|antje: ann
barbara: babsi baerbel|bastian: basti|benedikt: bene ben|benjamin: ben benni|bernhard: bernd berni hardy|bertram: bert
birgit: biggi gitta|brigitte: gitte gitta biggi|burkhard: burki|carolin: caro karo caroline|karoline: karo caro
charlotte: lotte lotti charly|christa: chris|christian: chris|christiane: chris jane christl
christina: tina chris chrissi|christine: tina chris christel|christof: chris christoph
christoph: chris stoph toffel christof|claudia: claudi klaudia|clemens: clem klemens|cornelia: conny nele nelly
daniel: dani|daniela: dani|detlef: detti|dieter: didi|dietmar: didi|dominik: domi nik dominic
dorothea: doro thea dorle|eberhard: ebi hardy|eduard: edi ede|elfriede: elfi friedel
elisabeth: lisa lisbeth elli sissi lisl betty else elsbeth ilse liesel|emilia: emmi mila|emil: emi|engelbert: bert
erich: eric|erika: ricki|ernst: erni|eva: evi evchen|felicitas: feli|ferdinand: ferdi nand|florian: flo flori
franz: franzl frank|franziska: franzi ziska sissi|friederike: rike fritzi|friedrich: fritz fred fiete freddy
gabriele: gabi gabriela gaby|georg: schorsch jorg juergen|gerhard: gerd hardy gert|gertrud: trude gerti traudl
gisela: gisi gila|gottfried: friedel|guenther: guenni guenter|gudrun: gudi|guenter: guenni|gustav: gustl
hannelore: hanne lore hannele|hannes: hanno|hans: hansi haensel|hans-joachim: hajo jochen|hans-juergen: hansi
hartmut: hardy|heike: heiki|heinrich: heiner heini heinz hinnerk henry|heinz: heini|helene: lene leni lena
helga: helgi|helmut: helli|henriette: jette henni|henrik: rik hendrik|herbert: herbi bert|hermann: manni herman
hildegard: hilde hilla|hubert: hubsi bert|ines: ini|ingeborg: inge|ingrid: inge|irmgard: irmi irma|isabella: isa bella
isabell: isa|jakob: jacky|jan: janni|joachim: achim jochen jojo jo|jens: jensi|johann: hans hannes johannes joh
johanna: hanna jo hanne hannah joe|johannes: hannes hans jo joe johann|jonas: joni|josef: sepp joe jupp josip
josefine: josi fine josephine|jonathan: joni|julia: jule juli julchen|julian: jule juli|juergen: jogi juerg
jutta: jutti|karin: kari|karl: kalle charly carl|karl-heinz: kalle kalli
katharina: kathi kati katja kathrin rina kaethe katrin kate trina|katrin: kati kathrin|katja: kati|kerstin: kersti
klaus: klausi claus|konrad: konni conrad|konstantin: kosta tino constantin|kunigunde: gundi|kurt: kurti|lars: larsi
laura: lauri|leonhard: leo hardy|leonie: leo loni|leopold: leo poldi|lieselotte: lilo lotte|lothar: loddar
ludwig: lutz lu wiggerl luis|luise: lulu isi louise|lukas: luki luca lucas|magdalena: lena leni magda
manfred: manni fred mani|manuela: manu ela|manuel: manu|margarete: grete gretel greta margret marga|margareta: greta
maria: mia mitzi ria|marianne: anne jana|marie: mia mariechen|marion: mari|markus: marki marcus marc mark
martha: marti|martina: tina marti|martin: maddin|matthias: matze hias matti mathias|maximilian: max maxi
mechthild: mecki hilde|melanie: mel meli|michael: michi micha michel mike mischa|michaela: michi micha ela
monika: moni monica|moritz: mo|nadine: nadi|natalie: nati|nikolaus: klaus niko nik nikolas claus
nikolas: niko nik niklas|nicole: nicki nici|norbert: bert nobbi|oliver: olli oli|oskar: ossi oscar|otto: ottl
patrick: paddy patti|patrizia: patti|paula: pauli|paul: pauli|peter: peda|petra: peti|philipp: phil lippi philip
rainer: rainy reiner|raimund: ray mundl|reinhard: hardy reini|renate: reni nate natty|richard: richi
robert: robi bert robbie|roland: roli|rolf: rolli|rosemarie: rosi rose|rosina: rosi|rudolf: rudi rolf dolf
ruediger: ruedi|sabine: bine sabinchen biene|sandra: sandy|sebastian: basti sebi bastian wastl|siegfried: sigi friedel
sieglinde: sigi linde|siegmund: sigi|sigrid: sigi siri|silke: silki|simon: simmerl|simone: simi mone
sophie: sofie fiechen soph|stefan: steff steffen stef stephan|stefanie: steffi stefi stephanie|stephan: steff
susanne: susi sanne suse susann|sylvia: silvi silvia|svenja: svenni|tanja: tani|theodor: theo teddy
theresa: resi thesi therese tessa|therese: resi|thomas: tom tommi|thorsten: torsten totti|tobias: tobi
traugott: traudi|ulrich: uli ulli|ulrike: uli rike ulli ulrika|ursula: uschi ulla ursel|uta: ute|valentin: vali
valentina: tina vali|vanessa: nessi|veronika: vroni vera roni|victoria: vicky viki viktoria|vinzenz: vinz
volker: volki|walburga: burgl|waltraud: traudl traudi|walter: walti walther|werner: werni
wilhelm: willi willy helm wim|wilhelmine: minna mine|winfried: winni friedel|wolfgang: wolfi wolle wolf gangerl
yvonne: yvi|zacharias: zach
"""
_OTHERS = """
adrien: adri|agathe: aga|aleksandr: sasha sascha shura alexander|aleksandra: sasha sascha ola
aleksei: alyosha lyosha alexey aleksey alexei|alejandro: alex ale jandro|alejandra: ale alex
alessandro: sandro ale alex|alessandra: sandra ale|alfonso: fonso poncho|alvaro: alvi
anastasia: nastya stasia nastia anastasiya|andrea: andre dre|andrei: andrey andrej|andrzej: jedrek|antoine: tony toine
anton: antosha|antonio: toni tonio nino antoni tonino|antoni: antek toni|arkadiusz: arek|augustin: gus
beatriz: bea bia|bartosz: bartek|bartlomiej: bartek|boris: borya|bogdan: bodya|brunhilde: hilde
carlos: charly carlitos|carmen: carmina|catalina: cata lina|carolina: caro lina|caterina: cate rina|cesar: cesarin
chiara: chia|claire: clara|concepcion: concha conchita|consuelo: chelo|cornelis: cees kees cor nelis
cristina: cris tina|cristian: cris|daria: dasha darya|dimitri: dima mitya dmitri dmitry dimitris
dmitri: dima mitya dmitry dmitriy|dolores: lola|dominique: dom domi|edoardo: edo|eduardo: edu lalo dudu
ekaterina: katya katia katja katerina yekaterina|elena: lena lenochka helena yelena|eleonora: nora ele
emanuele: manu lele|emmanuel: manu|enrique: quique kike|enrico: rico|ernesto: neto|ewa: ewka
evgeni: zhenya evgeny yevgeny|evgenia: zhenya|federico: fede rico|felipe: pipe|ferdinando: nando|fernando: nando fer
fernanda: fer nanda|filippo: pippo|francesca: fra franca cesca|francesco: franco fra checco cesco
francisca: paca paqui|francisco: paco pancho curro kiko fran chico|francois: fanfan|gabriela: gabi gaby|galina: galya
georgios: giorgos yorgos george|gerardus: gerard ger|germain: ger|giacomo: jack|gianluca: luca gian|giorgio: gio
giovanni: gianni vanni gio nanni|giovanna: gianna vanna|giuseppe: beppe peppe pino|giuseppina: pina|gonzalo: gonza
gregorio: goyo|grzegorz: grzes|guillaume: guigui|guillermo: memo willy guille|gustavo: gus tavo|hendrik: henk rik
hendrika: rika|helene: lena|henryk: heniek|hortensia: tencha|hugo: huguito|ignacio: nacho|ioannis: yannis giannis
irina: ira|isabel: isa chabela|ivan: vanya|jacek: jacus|jacques: jacky|jacobus: koos jaap cobus|jaime: jimmy
jakub: kuba kubus|jan: janek jasiek|javier: javi|jean-baptiste: jb|jean-pierre: jp jeanpierre|jerzy: jurek
jesus: chuy chus|joana: jo|joao: joaozinho juca|joaquin: quino|johanna: jopie|johannes: jan johan hans joop
jorge: coque|jose: pepe josep|josefa: pepa|josep: pep|joseph: jojo|juan: juanito|juan-carlos: juanca|julie: juju
julien: ju|justyna: justa|katarzyna: kasia|konstantinos: kostas dinos costas|krzysztof: krzysiek krzys|laetitia: lae
laurent: lolo|leonor: leo|lucia: lucy|luciano: lucho|ludovic: ludo|luigi: gigi gino|luis: lucho lou|luisa: lulu
magdalena: magda malena madzia|malgorzata: gosia malgosia|manuel: manolo manu|manuela: manola|maksim: max maks maxim
margaux: margot|margarita: rita marga|marguerite: margot|maria-jose: majo|mariangela: mari|mariusz: mario
mateusz: mati|matteo: teo|mathieu: mat matt|mathilde: mat|mattia: matti|maurizio: mauri|mauricio: mauri|maxime: max
mehmet: memo|mercedes: merche|michal: misiek michas|michel: mimi|miguel: migue miki
mikhail: misha mischa michail mihail|miroslav: mirek mirko|mohamed: momo|monique: momo|montserrat: montse
mustafa: musti mustapha|nadezhda: nadia nadya|natalia: nata natasha talia nataliya|natalya: natasha|nathalie: nath
nicola: nico|nicolas: nico|nikolai: kolya nikolay|nikolaos: nikos niko|octavio: tavo|oksana: ksenia|olga: olya
pablo: pablito|panagiotis: panos takis|paola: pao|patricia: patri|pavel: pasha|pawel: pawelek|pedro: perico
pierre: pierrot|pieter: piet piter|piotr: piotrek petya|polina: polya|przemyslaw: przemek|rafael: rafa
raffaele: raf lello|ramon: moncho|ricardo: ricky richi|riccardo: ricky richi|rita: ri|roberto: beto robi berto
roberta: robi|rodrigo: rodri|roman: roma|rosario: charo|ruslan: rus|salvatore: toto turi salvo|santiago: santi chago
sebastian: seba sebas|sergei: seryozha serge sergey|sergio: checo|silvia: silvi|slawomir: slawek|sofia: sofi
soledad: sole|stanislaw: staszek stas|stanislav: stas|stefania: stefi|svetlana: sveta lana|sylvain: syl|sylvie: syl
tadeusz: tadek|tatiana: tanya tania tatyana|thibault: tibo|theodoros: thodoris|tomasz: tomek
valentina: vale tina valya|valeria: vale|vasili: vasya|veronique: vero|veronica: vero|vicente: chente|victoria: viki
vincenzo: enzo vince|virginie: vivi|vladimir: vova volodya vladi wladimir|vyacheslav: slava|wilhelmus: wim willem
willem: wim|wojciech: wojtek|xavier: xavi|yulia: yulya julia juliya yuliya julija|yuri: yura juri jurij yuriy
zbigniew: zbyszek|zofia: zosia|petronella: nel petra|theodorus: theo dirk|adriana: adri|adrianus: adri arie
agnieszka: aga|aleksander: olek|giulia: giu|joaquim: quim kim|emre: emrecan|huseyin: hussein|ibrahim: ibo|ismail: isma
ayse: ayshe aisha|fatma: fatima|hatice: hatis|ahmet: ahmed|yusuf: youssef yousef|omer: omar|hasan: hassan
khaled: khalid|abdul: abdel|noor: nour|mariam: maryam miriam
"""
_MORE_GIVEN = """
adam adel adele adrian aisha akira alba aldo alec alina aline amir amit ana anders andre anett anika anita anja anke
ann annette annika anouk antje anya ariana arne arno arthur arun asger astrid axel aya ayaka baptiste bas beate
beatrix bela bengt benno bent bernadette berta bettina bianca bilal birgitta bjarne bjoern bjorn blanca bo brandon
brenda brian britta brooke bruce bruno camila camille can carina carl carla carlo carol carola carsten cedric celina
celine cem chantal chen chiyo chloe ciara clement cleo colin corinna craig dagmar dale damian damien dan dana darren
dean deborah deniz diego dimitrios dina dirk donna dora doris dorothy dunja ed edda edith edward egon eila eileen
elias elif elin elisa elke ella elliot ellis eloise elsa else elvira emine enzo erdem erik esra esther ethan etienne
eve fabian fabienne fabio farid fatima felix finn fiona flavia franca frank franka fred freya frida frieda gareth gary
gavin gemma gerda gerrit gino giulio glen glenn gloria goran grit guido gunnar guy haakon hakan hana hanna hanne
hannes harald harry haruto hayley heath hedwig heidi heiko hein heinz helena helge hendrik henning hila hiroshi holger
holly horst hulya ida igor ilona imke ina inga ingmar ingo inka ira iris irma isaac ivana ivo ivonne ivy jack jade
jake jana janina janine jannik jasmin jay jean jeanne jelena jenny jeroen jerome jesse jessika jill jim jin jo jodie
joel joelle joerg joern johan jolanda jolanta jorg joris jorn josh jost joyce jozef juana jule julius june kai karen
karim karina karl karla karsten kasper katharina kathrin kay kazuki keiko keira keith kelsey kemal kenji kenta kerry
kira kirk kirsten kirstin klara kristian kristin kristina krystyna kurt kyle kyra lance lara lasse lea leah leandro
leif leila lena lene leo leon leona levi lia liam lieke lil lili lilli lilly lina linus lisa liv lloyd logan lorena
lorenz lorenzo lorraine lotta louisa luc luca lucas luciana luke luna lutz lyn lynn madeleine mahmoud maik maja malte
mandy manolis mara marc marcel marcela marcello marco marcos marek maren margit margot maria mariana marie marika
marina mario marisa marit marius marko marlene marlon marta marten martijn mason mateo mathilda matilde maud mauro max
may maya megan mehdi meike meltem meral merle mert mia mika mila milan milena milos min mina ming mirja mirjam mirko
molly mona morten murat myriam nabil nadia nadja naomi nele nelson nick nico niels nigel nika niklas nils nina nino
noah noemi nora nuno nuria oda ola olaf ole oleg olivier omar orhan oriol ornella oscar osman owen paco paige paloma
paolo pascal patricio paulina pearl pedro pelle per perla phoebe pia pierre pilar pim priya quentin rahul raj ralf
ramona raoul raquel rasmus raul raya reece regina reiko reinhold remi rena rene renee rhys ria rico rik rita robin
rocio rolf romain romy ronja rory rosa rosalie rosie ross rowan roy ruben rui runa rupert ruth ryan sabina sabrina
sakura sally salma salome samir sander sandro sanjay sanna sara sascha saskia satoshi scarlett sean selin selina
serena serkan severin shane shannon sharif sheila shreya sian sibel sibylle sigurd silas silvana silvio sina sinan
soeren sofie solveig sonia sonja soren stacey stefano stella sten stig sunita suresh susie sven swen sybille takashi
tara tarek tariq ted tessa thea theo thierry thijs thomas thore tiago tilman tim timo tina tobi toby tom tomas toni
tony tore tracy trevor tristan trond tugba ulf uli ulla umut ursula uta ute uwe vadim vasil vera verena vicente viktor
vilma vincent viola virginia vito vivien wade warren wayne wei wiebke willow wilma wim wolf xenia xin yan yann yannick
yara yasemin yasmin yasmina yi yildiz ying yoko yoshi yuki yuna yusuf yves yvette zara zeynep zoe zoltan zuzana
"""


@lru_cache(maxsize=1)
def _table() -> Mapping[str, frozenset[str]]:
    """Form -> the full names that it stands for."""
    found: dict[str, set[str]] = {}
    for line in (*_ENGLISH.split("|"), *_GERMAN.split("|"), *_OTHERS.split("|")):
        for entry in line.strip().split("\n"):
            full, _, forms = entry.partition(":")
            for form in forms.split():
                found.setdefault(form, set()).add(full.strip())
    return {form: frozenset(names) for form, names in found.items()}


@lru_cache(maxsize=1)
def _given() -> frozenset[str]:
    table = _table()
    return frozenset([*table, *(name for names in table.values() for name in names), *_MORE_GIVEN.split()])


def full_names(form: str) -> frozenset[str]:
    """The full names that `form` (folded) may stand for, itself not among them."""
    return _table().get(form, frozenset())


def is_form(one: str, other: str) -> bool:
    """Whether one of the two (folded) is a form of the other; two forms of a third name are not."""
    return other in full_names(one) or one in full_names(other)


def is_ambiguous(form: str) -> bool:
    """Whether `form` stands for different names ("alex", "chris", "jo")."""
    return len(full_names(form)) > 1


def is_given_name(word: str) -> bool:
    """Whether `word` (folded) is known as a given name. Unknown says nothing."""
    return word in _given()

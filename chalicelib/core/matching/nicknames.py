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
anastasia: nastya stasia nastia anastasiya|andrea: dre|andrei: andrey andrej|andrzej: jedrek|antoine: tony toine
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
_MORE_FORMS = """
elisabeth: lisi|peter: pesche|andrzej: andrzejek|fatma: fatos|tetiana: tania tanya|dmytro: dima|teresa: maite
dimitrios: dimitris dimitri mimis|olena: lena|markus: kuesu kusu|margriet: griet|christian: chrigu|martin: tinu
volodymyr: vova volodia|aikaterini: katerina katia|oleksandr: sasha sashko|oleksandra: sasha|mykola: kolia
mykhailo: misha|natalia: natalka|kateryna: katia katya|yevhen: zhenia|pavlo: pasha|svitlana: sveta svita|ivan: vania
athanasios: thanasis nasos|vasileios: vasilis|panagiota: giota|spyridon: spyros|evangelos: vangelis|hans: housi
anastasia: tasia natasa|eleni: lena|aggeliki: kiki|efstathios: stathis|emmanouil: manolis|charalampos: babis|ayse: aysen
johann: hansi|johanna: hanni|thomas: toemu tomu thoemu|iryna: ira|hans: hansi
alexandra: sanne lexa|anneke: anne|angelika: angie|barbara: bine barbel|caroline: line|catharina: trijn toos
cathrin: cat|christiaan: chris|christina: tine stine kirsten|christine: tine stine|constanze: conny stanzi
dominik: nick|eleonore: lore nora|elisabeth: els elly betje liesbeth bettina elsa lieschen bep|emmanuelle: manu
femke: fem|florence: floflo|francois: franck|franziska: sissy fanny|frederik: freek fred|frederic: fred
genevieve: ginette|gerrit: ger|guillermo: guillo|helena: leni lena hela|henriette: jet|hieronymus: jerome
isabelle: zabou isa babou bella|isabel: chabeli|jacob: jaap koos cobus|jadwiga: jadzia|jan: jantje|janusz: januszek
joanna: asia joasia aska|johanna: hanneke anneke jo hanneken jannie|johannes: joop jo hansi|jolanda: jo
josefine: josy josie|josephine: josie josy fifi|juliane: jule juli|juliana: juli|kazimierz: kazik|krystyna: krysia
laurence: lolo|lorenzo: lollo enzo renzo|lorenza: lola|lukasz: luki|maarten: mart|maciej: maciek|magdalene: lene magda
marcin: marcinek|maria: mieke miep ria marie marysia mariechen|marie: mimi|marlene: lene|martina: nina
mathilde: tilda thilde|melanie: melli|monique: mo|nathalie: nat natha|nicolaas: klaas nico|nikoletta: niki
petronella: nelly|philippine: pina|philippe: phil fifi|roelof: roel|sabine: sabi bina|sandra: sanni
sebastien: seb bastien|stephane: steph|stephanie: fanny|susanna: susi sanna|sylwia: syla|theodora: dora thea
therese: tess|thibaud: tibo|urszula: ula|verena: vreni vreneli|veronique: veve vero|veronika: vreni|virginia: gina
vincent: vinz|walther: walti|wiktoria: wika|wilhelmina: mina mien willy|xaver: xaverl|yvonne: vonni|zdzislaw: zdzis
ewelina: ewela|ewa: ewunia|genowefa: gienia|hans: hannes|aleksander: aleks olek|aleksandra: ola olka aleks
anna: ania anka anusia anya anja anke|barbara: basia|beata: beatka|danuta: danka|dariusz: darek|dorota: dorotka
elzbieta: ela|grazyna: grazynka|halina: halinka|hanna: hania|helena: hela|henryk: henio|irena: irka|jozef: jozek
julia: julka|kamil: kamilek|karolina: karola|lech: leszek|leszek: lesio|lucyna: lucynka|maciej: macius
malgorzata: malgoska|marek: maras|marianna: marianka|mariusz: mariuszek|michal: michalek|miroslaw: mirek|monika: monia
patrycja: patka|pawel: pawlik|rafal: rafalek|ryszard: rysiek|sebastian: seba|stanislaw: stasiek|teresa: teresa renia
waldemar: waldek|wieslaw: wiesiek|wladyslaw: wladek|zygmunt: zygi|mehmet: memo|mustafa: mustafacan|suleyman: sulo
abdullah: apo|hasan: haso|huseyin: huso|osman: osmancik
"""
_MORE_GIVEN = """
aafke aarav aart abdullah adam adel adela adelaide adele aditya adolfo adriaan adrian adriano adrienne afonso agata
agnes agnese agneta agnieszka agustin ahmad aino aisha aitor ajay akash akiko akira alain alba albano albert aldo alec
aleksander aleksandra alessia alexandru ali alicia alicja alina aline almudena alois alvaro amanda amandine amar
amedeo amelie amina amir amit amparo ana anabela anais anand anastasios anatoly anders andras andre andree andrei
andrii andrzej andy aneta anett angel angeles angelique angus anika anil anita anja anjali anke ankit ann annabel
annalisa anneloes annette annick annika anouk antje antonella antti anya april araceli arend ariana arianna arjan
arjun arkadiusz arkady armando arnaud arne arno artem arthur artur arturo artyom arun arvid asger ashley ashok astrid
asuncion athanasios attila aude augusto aurelie aurelien aurelio aurora austin ava axel axelle aya ayaka aysel ayten
ayumi aziza balazs baptiste barbara baris bart bartosz bas bassam bayram beate beatrice beatrix begona bela belen ben
benedicte bengt benito benno benoit bent bernadette bernardo bert berta bertrand bettina bianca bilal bin birger
birgit birgitta bjarne bjoern bjork bjorn blake blanca bo bob bogdan bohdan bohumil bonnie boris borja borje bozena
bradley bram brandon branko brecht brenda brian brigitte britta brooke bruce bruna bruno bryce burak busra byron
caetano camelia camila camille can candela candice carina carl carla carlo carlota carmela carmen carol carola carole
carolien carsten casimiro catalin catarina cecil cecile cecilia cedric cees celia celina celine cem cemal cesar chad
chantal chao chen cheng chie chiyo chloe christelle christer christophe christos ciara cinzia ciprian clara claudio
clement clementine cleo clive cody colin concha connor corey corina corinna corinne corrado corrie cosimo cosmin craig
cristian cristiano cristina crystal csaba ctirad czeslaw daan dag dagmar daisuke dale dalibor damian damiano damien
damon dan dana daniel daniela daniele danielle danijel danuta danylo dario dariusz darko darlene darrell darren daryl
dave david davor dawid dean debora deborah debra deepak deepika dejan della delphine denis denise deniz denys derrick
derya desiree desmond dexter dezso diana dick didier diederik diego dilek dimitrios dina dirk divya dmytro doina
dolores domenico domingo dominika donatella donna dora doreen doris dorota dorothy dragan drago drew dries duarte
dumitru duncan dunja dusan dustin ebba ebru ed edda edgar edith edna edoardo edson eduarda edward edyta eero eeva egon
egor eila eileen einar eirik elaine elena eleni eli elias elif elijah elin elina elio elisa eliska elke ella ellen
ellie elliot ellis elodie eloise els elsa else elsie elvira elzbieta emel emi emil emilia emilie emilio emine emmett
encarnacion eniko enzo ercan erdem eric erica erik erika erin erkan erling erwin erzsebet esa eskil esme esmee espen
esperanza esra esteban estelle esther eszter ethan ethel etienne ettore eugenia eugenio eunice eunji eva evan
evangelos eve eveliina evert ewa ewelina ezequiel fabian fabiana fabien fabienne fabio fabrice fabrizio fadila faisal
faith fang fanny farid farouk fatima fausto fay federica fei felicity felix femke ferenc fergus fidel filip filipa
filipe filiz finn fiona flavia flavio fletcher fleur florent florin fotini franca frances francine franciszek franck
frank franka frantisek fred freddie fredrik freya frida frieda frits fulvio fumiko fyodor gabino gabor gabriel
gabriella gael gaelle gaetano gail gang gareth gary gaurav gavin geert geeta geir gemma gene gennady gennaro george
georgy geraldine gerard gerardo gerda gergely gerrit geza gheorghe ghislaine gianfranco gianluigi gianni giannis
gianpaolo gijs gilbert gilberto gilda gilles gina ginevra gino giulio gleb glen glenda glenn gloria gokhan goncalo
goran graziella grazyna gregory grigory grit grzegorz guglielmo guido guilherme gulsen gunhild gunilla gunnar gustaf
gustav guus guy gwen gwenaelle gyorgy gyula haakon hadley hafsa hakan halil halima halina halvor halyna hamid hamza
hana hanna hanne hanneke hannes hannu hans hao harald harm harry haruka haruki haruto hassan hayley hazel heath hector
hedda hedwig heidi heikki heiko hein heinz helder heleen helena helge helmi hendrik henk henning henri henrietta
henrik henrique henryk herman herminia hernan herve hideki hila hilario hilde hina hinata hiroko hiroshi hiroyuki
hjalmar holger holly hope horst hrvoje hua hugo hugues hui hulya hunter hussein hyun iara ichiro ida igor ihor ilaria
ildiko ilkka illia ilona ilse imke imogen imre ina inacio inaki india ineke ines inga inge ingmar ingo ingrid ingvar
inka inmaculada innokenty ioan ioana ioanna ion ira iratxe irena irene iris irma iryna isaac isaura isidro isla istvan
italo iulian ivan ivana ivica ivo ivonne ivor ivy iwona izabela jaakko jaap jacco jacek jacinto jack jackson jacobo
jacqueline jade jadwiga jake jakub jamal jamie jamila jan jana janaina jandira janice janina janine janne janneke
jannik janos janusz jari jaromir jaroslav jaroslaw jasmin jasmina jasmine jasper jay jean jeanne jeannine jelena jelle
jenna jenny jens jeroen jerome jerzy jesper jesse jessika jian jie jihoon jill jim jimena jin jindrich jing jiri jiro
jisoo jiwoo jiyeon jo joakim joanna joanne jocelyne jodie joel joelle joerg joern johan joke jolanda jolanta jonas
joost jordi jorg jorge jorgen jorien joris jorn josef josefa josefina josette josh josiane jost jouni joy joyce jozef
jozsef juan juana juanita judit judith judy juha jukka jule julian julio julius jun june jurgen justyna kacper kadir
kai kaisa kalevi kalle kalman kamal kamil kamila kane kaori kaoru kara karel karen kari karim karin karina karl karla
karol karolina karoly karsten kasper katalin katarina katarzyna kate katerina kateryna katharina kathrin kathy katie
katja kavita kay kazimierz kazuki kazuo kees keiko keira keith kelsey kelvin kemal kenji kenny kenta kento kerry
kerstin khadija khalil khrystyna kim kimmo kinga kira kiran kirk kirsi kirsten kirstin kirsty kit kiyoshi kjell klara
klas klaudia knut koen koji konrad kristian kristin kristina kristoffer krystyna krzysztof ksenia kumar kumiko kurt
kveta kyle kyoko kyra ladislav lajos lakshmi lalit lan lana lance landon lara larisa larissa lars larysa lasse laszlo
latifa latoya laura laure laurens lauri laurie lea leah leandro lee lei leif leigh leila lena lene lenka lennart leo
leon leona leonid leroy leslie leszek leticia letizia lev levent levi leyla li lia liam libor lidia lieke lieve liisa
lil lila lili liliana liliane lilli lilly lily lin lina linda lindsay linnea linus lisa liudmyla liv liviu ljiljana
lloyd logan loic lois lola long loredana lorena lorenz lorenza lorenzo lorna lorraine lotta lotte louisa lourdes
lourenco luana lubomir luc luca lucas lucia lucian luciana lucie lucien lucio lucrezia lucy lucyna ludek ludovica
ludvig luisa luka lukasz luke luna luther lutz luuk lydie lyle lyn lynn lyse lyubov lyudmila maaike maarten mabel
macarena machteld maciej madalena madeleine maeva maeve magali magdalena magnus mahdi mahmoud mai maik maite maja
makoto maksym malgorzata malin malte mandy manish manoj manolis manuela mar mara marc marcel marcela marcella marcello
marcelo marcia marcin marco marcos marek maren margarita margit margo margot mari maria mariah marian mariana
mariangela marianne maribel marie marieke mariella mariia marija marijke marika marina marine mario mariola marion
marisa marisol marit marius mariusz marja marjolein marketa markku marko markus marlene marloes marlon marta marten
martijn martin martina marvin marwan maryse marzena masako masami masato mason massimo mateo mateusz matheus mathijs
mathilda mathilde matias matilde mats matti mattias matvey maud maurice mauricio mauro max maximo maxine may maya
mayumi meena mees megan megumi mehdi mei meike melanie melissa meltem melvin meral mercedes merel merle mert merve mia
michal michalis michela michele michiel michiko mickael midori mieczyslaw mieke miguel mihaela mihai mihaly mika
mikael mikko miklos mila milan milena miles milica miljan milo milos miloslav milou min mina ming minjun minna minnie
minoru minseo miodrag mircea mireia mireille mirela mirella miriam mirja mirjam mirjana mirko miroslav miroslaw misaki
miyuki mogens mohan moira mollie molly mona monica monika monty moreno morten mourad mukesh murat muriel murray
mykhailo mykola myra myriam na nabil nadege nadia nadiia nadim nadine nadja naima naoki naoko naomi nasser natalia
natasa nawal neal nebojsa neha neil nele nell nelson nemanja nenad nerea nevena neville nick nico nicolae nicolo niels
nienke nieves nigel nika nikhil nikita niklas niko nikola nikos nilgun nils nina ning nino ninon nisha noah nobuo noel
noemi noemie noor nora noriko norma nuno nunzia nuray nuria oana octavian oda odette odile ognjen oksana ola olaf olav
oldrich ole oleg oleh oleksandr oleksii olena olga olha olive olivier oliwia olof omar ondrej onur orazio orhan
orietta oriol orla ornella orsola orsolya oscar oskar osman oswald otavio otis ottavio ove ovidiu owen ozan ozlem
paavo paco paige paivi pal paloma pam panagiota paola paolo par pascal pascale patrice patricia patricio patrizia
patryk patsy paulien paulina paulo pavel pavla pavlo pawel pearl pedro peggy pekka pelle peng per percy perla perrine
perry petar peter petr petra petri petro petter philippe phoebe pia pierluigi piero pierre pierrette piers pieter
pilar pim pinar ping piotr pirjo piroska pooja poppy poul pradeep prakash preben predrag priscilla priya przemyslaw
purificacion pyotr qiang qing quentin quinn rachid radek radim radmila radoslaw radu rafael rafal raffaella ragnar
rahul raissa raj rajesh rakesh ralf ralph raluca ramazan ramesh ramiro ramona randall rania raoul raphael raquel
rashid rasmus ratko raul ravi raya raymonde razvan recep reece regina reginald regine reiko reina reinhold reka rekha
rembrandt remco remedios remi remy ren rena renata renato rene renee renske renzo reyes rhoda rhonda rhys ria rianne
rico rie riitta rik rika riku risto rita rob robert robin robyn rocco rochelle rocio rodion rodolfo roel rogelio roger
rogerio rohan rohit roland rolf romain roman romano romy ronald ronaldo ronan rong ronja roos rory rosa rosalie rosana
rose roselyne rosemary rosie ross rossana rossella rowan roxana roxanne roy ruben ruby rudolf rufus ruggero rui runa
rune rupert rutger ruth ryan ryo ryota ryszard sabatino sabina sabrina sachiko sachin sadie said saki sakura salim
sally salma salome salvador sami samir samira samuel sandeep sander sandor sandra sandrine sandro sanja sanjay sanna
sanne sara sarita sasa sascha saskia sato satoshi satu saul sayaka scarlett sean sebastian sebastien selim selin
selina sem seojun seoyeon seppo serdar serena sergi sergio serhii serkan seth severin severine sevgi shan shane
shannon shanti sharif shaun shawn sheila sheldon sheryl shigeru shinji shiro shizuka shota shreya shun shyam sian
sibel sibylle sidney sienna sigrid sigurd silas silvana silvio silviu simao simona simone sina sinan siri sjoerd
slavica slawomir slobodan sneha snezana soeren sofia sofie sofiia solange solveig sonal songul sonia sonja soraya
soren sorin sota spyros srdjan stacey staffan stanislav stanislaw stavros stefan stefania stefano stella sten stepan
stephane stig stijn sture sudhir sultan summer sungmin sunil sunita suresh susana susie suzana suzanne svante
svatopluk svein sven svetlana svitlana swati swen sybil sybille sylvain sylwester sylwia szabolcs szymon tabitha
tadeusz taiki takahiro takashi takeshi tamara tamas tanguy tania tanja tao tapio tara taras tarek tariq tarja taro
tatiana tatsuya taylor ted teemu telma teodor teodoro teresa tereza terje terry tess tessa tetiana tetsuya teun thais
thea thelma theo thibaut thierry thijs thomas thor thore tia tiago tibor tihomir tiina tijn tilly tilman tim timo tina
tineke ting tiziana tobi tobias toby todd tolga tom tomas tomasz tommaso tommy tomoko toni tony tor tore torsten
toshio tove tracy traian trent trevor trine trisha tristan trond troy trygve tsubasa tugba tugce tuomas tuula tygo
tyler tyrone ubaldo ulf uli ulla ulrik umberto umut ursula urszula uta ute uwe vaclav vadim valdir valentin valerie
valerio valery vance vanesa vanessa varun vasco vasil vasile vasiliki vasilis vasyl veikko vera verena verity vernon
veronika vesna vicenta vicente victor vidar viggo vijay vikram viktor viktoria viktoriia vilhelm ville vilma vilmos
vince vincent vinod viola violette viorel virginia virtudes vit vitalii vitaly vito vitor vittoria vittorio vivek
viviana viviane vivien vlad vladan vladimir vladyslav vlasta vojtech volkan volodymyr vuk wade wagner waldemar wanda
warren warwick wayne wei wendell wendy weronika wesley wessel whitney wiebke wieslaw wietske wiktor willemijn willow
wilma wim witold wladyslaw wojciech wolf wouter xenia xia xiang xin xiu yago yakov yamato yan yang yann yannick yara
yaroslav yasemin yasin yasmin yasmina yasuko yevhen yi yildiz yilmaz ying yoko yolanda yolande yong yoshi yoshiko yota
youngho yu yui yuji yuka yuki yukiko yulia yumi yuna yurii yusuf yusuke yuta yuto yves yvette yvon yvonne zainab zane
zara zbigniew zbynek zdenek zdenka zdzislaw zehra zeljko zeynep zhen zhi zhong zinaida zoe zofia zohra zoi zoltan
zoran zoya zsofia zsolt zsuzsanna zuzana zuzanna zygmunt
"""


@lru_cache(maxsize=1)
def _table() -> Mapping[str, frozenset[str]]:
    """Form -> the full names that it stands for."""
    found: dict[str, set[str]] = {}
    for line in (*_ENGLISH.split("|"), *_GERMAN.split("|"), *_OTHERS.split("|"), *_MORE_FORMS.split("|")):
        for entry in line.strip().split("\n"):
            full, _, forms = entry.partition(":")
            for form in forms.split():
                found.setdefault(form, set()).add(full.strip())
    return {form: frozenset(names) for form, names in found.items()}


@lru_cache(maxsize=1)
def all_full_names() -> frozenset[str]:
    """Names that are no form of another, as far as is known here."""
    return frozenset(name for names in _table().values() for name in names)


@lru_cache(maxsize=1)
def _given() -> frozenset[str]:
    table = _table()
    return frozenset([*table, *all_full_names(), *_MORE_GIVEN.split()])


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

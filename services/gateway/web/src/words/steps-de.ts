// The steps of the starter catalogue's activities in German, by the item's id; as many as in English.
const STEPS: Record<string, string> = {
  "a-scent-you-love":
    "Such dir etwas, das für dich gut riecht, etwa Obstschale, Kaffee oder ein Kraut|Geh zuerst weg von unangenehmen Gerüchen|Atme den Duft dreimal leicht ein|Achte darauf, woran er dich erinnert",
  "a-small-act-of-kindness":
    "Denk an etwas Kleines, das heute jemandem hilft|Tu es ungefragt|Bleib bei dem, wofür deine Zeit und deine Mittel reichen|Achte darauf, wie es sich danach anfühlt",
  "another-way-to-see-it":
    "Schreib den Gedanken auf, der dich stört|Nenn zwei andere Erklärungen, die stimmen könnten|Frag dich, welche am freundlichsten und doch ehrlich ist|Schreib diese aus",
  "ask-for-a-listening-ear":
    "Wähl jemanden, dem du vertraust|Frag, ob Zeit zum Zuhören ist|Sag, ob du Rat möchtest oder nur Gesellschaft|Erzähl, was dich beschäftigt|Bedank dich",
  "awe-walk":
    "Wähl einen Ort, an dem es etwas Großes oder Neues zu sehen gibt|Geh, als wärst du noch nie dort gewesen|Such nach dem, was dich staunen lässt|Bleib stehen und nimm es auf|Notier danach ein Wunder",
  "best-possible-self":
    "Stell dir eine Zukunft vor, in der vieles gut gegangen ist|Schreib zehn Minuten lang über einen gewöhnlichen Tag darin|Nimm Menschen, Orte und kleine Gewohnheiten auf|Unterstreich etwas, womit du jetzt anfangen könntest",
  "body-scan":
    "Leg dich hin oder lehn dich bequem zurück|Lenk die Aufmerksamkeit auf deine Zehen|Wandere langsam aufwärts, Teil für Teil|Lass jeden Teil sein, wie er ist, bevor du weitergehst|Schließ mit drei gewöhnlichen Atemzügen",
  "box-breathing":
    "Atme ein und zähl bis vier|Halt inne und zähl bis vier, oder lass es weg, wenn es eng wird|Atme aus und zähl bis vier|Halt wieder inne und beginn von vorn",
  "brisk-walk":
    "Zieh bequeme Schuhe an|Geh so schnell, dass dir warm wird und du noch reden kannst|Lass die Arme schwingen|Werd in der letzten Minute langsamer",
  "build-a-mood-playlist":
    "Benenn die Stimmung, in die du kommen möchtest|Wähl ein Lied, das zu deinem Gefühl jetzt passt|Füg Lieder hinzu, die Schritt für Schritt dorthin führen|Hör sie von Anfang an",
  "call-someone-you-like":
    "Denk an jemanden, mit dem das Reden leichtfällt|Ruf an oder schick eine Sprachnachricht|Stell eine echte Frage zum Tag des anderen|Erzähl etwas von deinem",
  "close-one-open-loop":
    "Liste kleine Dinge auf, die liegen geblieben sind|Wähl eines, das unter zehn Minuten dauert|Mach es ganz fertig|Streich es durch",
  "colour-in-a-pattern":
    "Druck oder zeichne ein symmetrisches Muster|Wähl drei Farben, die du magst|Mal es von der Mitte nach außen aus|Ruh die Hand aus, wenn sie müde wird",
  "cook-something-simple":
    "Wähl ein einfaches Gericht, das du magst|Leg alles bereit, bevor du anfängst|Koch ohne Eile|Deck dir den Tisch und genieß es",
  "cool-water-on-the-wrists":
    "Lass kühles, nicht eisiges Wasser laufen|Halt die Handgelenke eine halbe Minute darunter|Atme langsam aus|Trockne dich ab und mach weiter",
  "curious-questions":
    "Schreib auf, was dich überrascht hat|Nenn drei Fragen, die es aufwirft|Finde die Antwort auf die leichteste|Erzähl jemandem, was du gelernt hast",
  "cyclic-sighing":
    "Atme bequem durch die Nase ein|Nimm noch einen kurzen zweiten Zug dazu|Lass die Luft lang und langsam durch den Mund heraus|Wiederhol es sanft, höchstens fünf Minuten lang",
  "dance-to-one-song":
    "Such ein Lied, bei dem du dich bewegen willst|Mach etwas Platz|Beweg dich, wie du magst, bis es endet|Ruh aus und spür, wie sich dein Körper anfühlt",
  "draw-without-a-plan":
    "Nimm irgendeinen Stift und Papier|Beginn mit einer wandernden Linie|Füg Formen und Schatten hinzu, wie es dir gefällt|Hör auf, wenn es sich fertig anfühlt, nicht wenn es gut aussieht",
  "evening-stars":
    "Geh an einen sicheren Ort mit wenig Licht|Lass deine Augen sich an das Dunkel gewöhnen|Such den hellsten Stern|Denk daran, wie weit sein Licht gereist ist",
  "five-senses-grounding":
    "Nenn fünf Dinge, die du siehst|Nenn vier Dinge, die du spürst|Nenn drei Dinge, die du hörst|Nenn zwei Dinge, die du riechst|Nenn etwas, das du schmeckst",
  "fresh-air-breaths-at-the-window":
    "Öffne ein Fenster oder tritt vor die Tür|Lass die Schultern sinken|Nimm zehn Atemzüge ohne Eile|Achte darauf, wie warm die Luft ist und wie sie riecht",
  "friendly-words-with-a-neighbour-or-shopkeeper":
    "Wähl jemanden, den du ohnehin triffst|Schau ihn an und grüß|Sag etwas Freundliches dazu|Bedank dich, wenn du gehst",
  "game-together":
    "Lad jemanden zu einem kurzen Spiel ein|Wähl eines mit einfachen Regeln|Macht aus, dass es nur um den Spaß geht|Spielt eine Runde und lacht über die Fehler",
  "gentle-full-body-stretch":
    "Steh oder sitz aufrecht|Streck beide Arme nach oben und mach dich lang|Roll die Schultern fünfmal nach hinten|Neig dich sanft zu jeder Seite|Hör auf, wo es zu sehr zieht",
  "gratitude-list":
    "Stell einen Wecker auf fünf Minuten|Nenn bis zu fünf Dinge, über die du froh bist|Nimm etwas sehr Kleines dazu|Verweil bei dem, was dich am meisten bewegt",
  "hand-tracing-breath":
    "Spreiz eine Hand wie einen Stern|Fahr mit der anderen einen Finger hinauf, während du einatmest|Fahr den Finger hinab, während du ausatmest|Geh um alle fünf Finger und wieder zurück",
  "humming-breath":
    "Schließ die Lippen und lass den Kiefer locker|Atme durch die Nase ein|Summ leise, solange du ausatmest|Spür, wo der Ton im Gesicht schwingt|Wiederhol es achtmal",
  "if-then-plan":
    "Nenn etwas, das du tun willst|Denk nach, wann und wo es gehen könnte|Schreib es so auf: Wenn dies geschieht, dann tue ich das|Häng es hin, wo du es siehst",
  "leaves-on-a-stream":
    "Stell dir einen langsamen Bach vor, auf dem Blätter treiben|Leg jeden Gedanken, der kommt, auf ein Blatt|Sieh ihm nach, ohne ihm zu folgen|Trägt es dich fort, kehr ans Ufer zurück",
  "listen-for-birds":
    "Geh hinaus oder öffne ein Fenster|Steh still und lausche|Zähl, wie viele verschiedene Rufe du hörst|Versuch, einen Sänger zu entdecken",
  "listen-with-eyes-closed":
    "Wähl langsame Musik ohne Worte|Lehn dich zurück und schließ die Augen|Folg einem Instrument von Anfang bis Ende|Bleib danach einen Augenblick still",
  "longer-out-breaths":
    "Sitz mit beiden Füßen auf dem Boden|Atme sanft durch die Nase ein und zähl bis vier|Atme weich aus und zähl bis sechs|Mach fünf Minuten so weiter, so schnell, wie es leicht bleibt",
  "look-at-art-you-like":
    "Wähl ein Bild, ein Gebäude oder einen Gegenstand|Sieh es eine ganze Minute lang an|Finde drei Einzelheiten, die dir entgangen waren|Überleg, welche Farbe du behalten würdest",
  "look-at-something-green":
    "Wende dich vom Bildschirm ab|Such einen Baum, eine Pflanze oder ein Bild davon|Lass die Augen eine Minute darauf ruhen|Kehr zurück, wenn du so weit bist",
  "look-far-away":
    "Schau vom Bildschirm auf|Lass die Augen zwanzig Sekunden auf etwas Fernem ruhen|Blinzle ein paarmal|Lehn dich zurück, bevor du weitermachst",
  "loving-kindness-wishes":
    "Stell dir jemanden vor, der leicht zu lieben ist|Wünsch ihm still Leichtigkeit und Sicherheit|Wünsch dir selbst dasselbe|Dehn es auf einen Bekannten aus|Dehn es auf alle in der Nähe aus",
  "make-a-tiny-poem":
    "Schau eine Minute aus dem Fenster|Schreib eine Zeile über das, was du siehst|Schreib eine Zeile über das, was du hörst|Schreib eine Zeile über das, woran es dich erinnert",
  "micro-break":
    "Hör an einer passenden Stelle auf|Steh auf und geh vom Tisch weg|Tu etwas anderes, das angenehm ist|Komm zurück, wenn fünf Minuten um sind",
  "mindful-cup-of-tea":
    "Mach dir ein warmes Getränk, das du magst|Halt die Tasse und spür ihre Wärme|Riech daran vor dem ersten Schluck|Trink ohne Bildschirm|Achte auf den letzten Schluck",
  "mindful-eating-of-one-small-thing":
    "Wähl etwas Kleines, das du magst und verträgst|Sieh es an wie zum ersten Mal|Riech daran und achte auf deinen Mund|Iss es langsam|Achte auf den Geschmack, der bleibt",
  "morning-pages":
    "Setz dich bald nach dem Aufwachen hin|Füll drei Seiten von Hand mit dem, was kommt|Lies nichts noch einmal und verbessere nichts|Leg die Seiten weg und beginn den Tag",
  "name-the-feeling":
    "Halt inne und spür, was in deinem Körper vorgeht|Finde ein einfaches Wort für das Gefühl|Sprich es aus oder schreib es auf|Sag dazu, wie stark es ist, von eins bis zehn",
  "nature-sounds":
    "Such eine Aufnahme von Regen, Wellen oder Vögeln|Stell sie leise|Lehn dich zurück und lass sie den Raum füllen|Achte auf nahe und ferne Klänge",
  "one-focused-session":
    "Wähl eine Aufgabe|Räum weg, was stören könnte|Arbeite fünfundzwanzig Minuten daran|Mach fünf Minuten Pause, weg vom Tisch",
  "pause-and-take-stock":
    "Setz dich und stell beide Füße auf den Boden|Nimm drei langsame Atemzüge|Sag in einem Satz, was gerade geschehen ist|Entscheide, was in der nächsten Stunde zu tun ist, falls überhaupt etwas",
  "photo-of-something-lovely":
    "Such etwas, das du schön findest|Fotografiere es aus zwei oder drei Richtungen|Wähl das Bild, das dir am besten gefällt|Bewahr es in einem Album guter Augenblicke auf",
  "progressive-muscle-relaxation":
    "Lieg oder sitz bequem|Spann die Fäuste fünf Sekunden lang leicht an|Lass los und spür zehn Sekunden lang den Unterschied|Mach dasselbe mit Armen, Schultern, Gesicht und Beinen|Lass aus, was wehtut",
  "puzzle-time":
    "Wähl ein Rätsel, das weder zu schwer noch zu leicht ist|Schaff Platz und gutes Licht|Arbeite an einem kleinen Stück|Lass es für das nächste Mal bereitliegen",
  "read-a-few-pages":
    "Wähl ein Buch, das du schon magst|Setz dich, wo das Licht gut ist|Lies zwanzig Minuten|Merk dir einen Satz, der dir gefallen hat",
  "savour-a-good-memory":
    "Wähl eine Erinnerung, die dich lächeln lässt|Stell dir den Ort, das Licht und die Menschen vor|Geh sie langsam von Anfang bis Ende durch|Behalt eine Einzelheit, die du mitnimmst",
  "screen-free-half-hour":
    "Leg das Telefon in ein anderes Zimmer|Wähl etwas Ruhiges für die Hände oder ein Buch|Bemerk den Drang nachzusehen und lass ihn vorbeigehen|Entscheide, wann du wieder nachsiehst",
  "seated-shoulder-and-neck-ease":
    "Lehn dich an, die Füße flach auf dem Boden|Heb die Schultern und lass sie fallen, dreimal|Dreh den Kopf langsam zu jeder Seite, so weit es leicht geht|Leg die Hände in den Schoß",
  "self-compassion-break":
    "Gib zu, dass dieser Augenblick schwer ist|Erinnere dich, dass andere auch damit ringen|Leg eine Hand dorthin, wo es tröstet|Sag dir, was du einem guten Freund sagen würdest",
  "shake-it-out":
    "Steh mit weichen Knien|Schüttel eine Hand aus und dann die andere|Schüttel einen Fuß nach dem anderen|Lass die Schultern mitmachen|Komm zur Ruhe und atme",
  "share-good-news":
    "Wähl etwas, das gut gegangen ist|Erzähl es jemandem, der sich mit dir freut|Beschreib das Beste daran genau|Frag nach etwas Gutem beim anderen",
  "short-nap":
    "Stell einen Wecker auf etwa fünfzehn Minuten|Leg dich an einen ruhigen, dämmrigen Ort|Schließ die Augen und lass den Kiefer locker|Steh langsam auf, wenn der Wecker klingelt",
  "sing-something-through":
    "Wähl ein Lied, das du auswendig kannst|Trink einen Schluck Wasser|Sing es von Anfang bis Ende, so laut du magst|Sing deine liebste Zeile noch einmal",
  "sit-by-water":
    "Such einen Brunnen, Teich, Fluss oder ein Ufer, wo man sicher sitzt|Setz dich so, dass du das Wasser siehst und hörst|Sieh zu, wie sich das Licht darauf bewegt|Bleib, bis du ruhig bist",
  "six-breaths-a-minute":
    "Stell einen Wecker auf zehn Minuten|Atme fünf Sekunden lang ein|Atme fünf Sekunden lang aus|Lass die Schultern dabei locker",
  "slow-tai-chi-style-moves":
    "Steh mit hüftbreiten Füßen|Lass beide Arme steigen, während du einatmest|Lass sie sinken, während du ausatmest|Verlagere das Gewicht langsam von Seite zu Seite|Halt jede Bewegung klein und leicht",
  "step-back-and-watch-the-scene":
    "Stell dir den Augenblick, der dich aufgebracht hat, von der anderen Seite des Raums vor|Sieh dir selbst zu wie ein Außenstehender|Achte darauf, was jeder gebraucht haben mag|Komm mit einem langsamen Atemzug zurück ins Jetzt",
  "talk-to-yourself-by-name":
    "Denk an das, was dich belastet|Frag mit deinem eigenen Namen, was los ist|Antworte wie ein ruhiger Freund|Wähl einen kleinen nächsten Schritt",
  "tend-a-plant":
    "Schau, welche Pflanze etwas braucht|Fühl die Erde und gieß, wenn sie trocken ist|Nimm welke Blätter ab|Dreh sie zum Licht",
  "textures-in-your-pocket":
    "Such einen kleinen Gegenstand, etwa einen glatten Stein oder einen Schlüssel|Ertaste seine Kanten mit den Fingerspitzen|Beschreib dir selbst, wie er sich anfühlt|Halt ihn für später griffbereit",
  "thinking-walk":
    "Nimm eine Frage mit|Schlendere einen vertrauten, sicheren Weg entlang|Lass Einfälle kommen, ohne sie zu bewerten|Notier die zwei besten, wenn du zurück bist",
  "three-good-things":
    "Nimm am Ende des Tages Papier|Schreib drei Dinge auf, die gut gegangen sind|Schreib zu jedem, warum es so kam|Lies die Liste vor dem Schlafen einmal durch",
  "tidy-one-surface":
    "Wähl einen Tisch oder ein Regalbrett|Räum alles herunter|Wisch es sauber|Stell nur zurück, was dorthin gehört|Tritt zurück und schau",
  "time-with-an-animal":
    "Such ein Tier, das dich kennt, oder bitte darum, das eines Freundes zu treffen|Lass es zuerst zu dir kommen|Streichle es langsam, wenn es das mag|Pass dich seiner Ruhe an",
  "tomorrows-list-before-bed":
    "Nimm Papier statt eines Bildschirms|Schreib auf, was du morgen zu tun hast|Sei beim Ersten genau|Lass die Liste vor dem Schlafzimmer",
  "treat-somebody":
    "Such jemanden, der sich über eine Kleinigkeit freut|Wähl etwas Bescheidenes, das du dir leicht leisten kannst|Gib es mit ein paar freundlichen Worten|Freu dich an der Freude",
  "try-something-new":
    "Wähl etwas Harmloses, das du noch nie getan hast|Erlaub dir, Anfänger zu sein|Tu es zwanzig Minuten lang|Erzähl jemandem, wie es war",
  "unsent-letter":
    "Schreib an den Menschen oder die Sache, die dich aufgebracht hat|Sag alles, was du sagen möchtest|Schick es nicht ab|Leg es weg oder zerreiß es|Trink ein Glas Wasser",
  "walk-among-trees":
    "Geh in einen Park oder eine Straße mit Bäumen|Lass das Telefon in der Tasche|Geh langsam und schau oft nach oben|Bleib einmal stehen und berühr Rinde oder Blätter",
  "walk-up-a-steady-beat":
    "Wähl Musik mit klarem Gehtakt|Marschiere auf der Stelle oder geh, wo es eben und sicher ist|Setz die Schritte auf den Takt|Werd beim letzten Lied langsamer",
  "warm-foot-bath":
    "Füll eine Schüssel mit angenehm warmem Wasser|Prüf es zuerst mit der Hand|Bade die Füße und lehn dich zurück|Trockne sie gut ab und zieh weiche Socken an",
  "wash-up-and-reset":
    "Lass angenehm warmes Wasser laufen|Wasch die Hände langsam mit einer Seife, die du magst|Spül sie ab und tupf sie trocken|Wechsle ein Kleidungsstück, wenn das hilft",
  "watch-something-funny":
    "Wähl einen Clip oder Sketch, über den du schon gelacht hast|Sieh ihn an, ohne etwas anderes zu tun|Teil ihn mit jemandem, dem er gefallen würde",
  "watch-the-clouds":
    "Such ein Stück Himmel abseits der Sonne|Sitz oder lieg bequem|Folg einer Wolke, bis sie ihre Form ändert|Lass deine Gedanken mit ihr ziehen",
  "watching-the-breath":
    "Sitz aufrecht, aber nicht steif|Wähl die Stelle, an der du den Atem am deutlichsten spürst|Zähl jedes Ausatmen von eins bis zehn|Schweift der Geist ab, beginn wieder bei eins",
  "what-matters-to-me":
    "Nenn vier Dinge, die dir wichtig sind|Wähl das, was heute am meisten zählt|Schreib über einen Moment, in dem du danach gelebt hast|Nenn etwas, womit du es diese Woche tun kannst",
  "worry-appointment":
    "Wähl eine feste Zeit und einen festen Ort für Sorgen|Kommt eine Sorge früher, notier sie und leg sie beiseite|Geh zur festen Zeit die Liste durch|Markier, woran du etwas ändern kannst|Hör auf, wenn die Zeit um ist",
  "wrap-up-warm":
    "Such eine weiche Decke oder einen Pullover|Leg sie dir um die Schultern|Setz dich an einen Lieblingsplatz|Ruh dort aus, ohne etwas zu tun",
  "write-a-thank-you-note":
    "Denk an jemanden, der dir geholfen hat|Schreib, was er getan hat und warum es zählte|Halt es schlicht und wahr|Schick es ab oder lies es vor",
  "write-it-out":
    "Nimm Papier, das sonst niemand liest|Schreib ohne Pause, was dich beschäftigt|Achte nicht auf Rechtschreibung und Ordnung|Hör auf, wenn es zu viel wird|Schlag das Heft zu und tu etwas Sanftes",
};

export default STEPS;

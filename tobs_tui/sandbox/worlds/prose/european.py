"""Russian, German and Spanish talk."""

from __future__ import annotations

from tobs_tui.sandbox.worlds.prose.talk import Bank

RUSSIAN = Bank(
    openers=(
        "Кто-нибудь уже пробовал {tool}?", "Ребята, {thing} опять не работает. У всех так?",
        "Привет! Как прошла {event}?",
        "Выложил заметки по {topic}: https://example.org/ru/{slug}", "Завтра в {time} созвон, не забудьте",
        "Подскажите хорошую книгу про {topic}", "Купил билеты на {day}, едем!", "Снова упал {thing}, смотрю логи",
        "С днём рождения! 🎂 Здоровья и поменьше багов", "Вопрос: как вы делаете резервные копии?",
        "Сегодня был на даче, урожай — {number} кг яблок 🍎", "Обновил {tool}, теперь всё летает",
    ),
    answers=(
        "У меня всё нормально, проверь {thing}", "Да, пользуюсь уже год, доволен",
        "Попробуй перезапустить, мне помогло",
        "Давай лучше в {time}", "Я за!", "Не уверен, надо посмотреть", "Отлично, спасибо!",
        "Было здорово, жаль, что тебя не было",
        "Сколько стоит?", "В документации про {topic} ни слова", "А в {day} получится?", "Сейчас занят, отвечу позже",
        "Там {number} строк, не так уж и много", "Ха-ха, знакомо", "Могу помочь вечером", "Согласен, {tool} удобнее",
        "Это из-за {thing}, я уже писал в поддержку", "Возьми с собой термос ☕",
    ),
    closers=("👍", "Спасибо!", "Договорились", "Ок", "До завтра", "🙏", "Супер", "Понял", "Хорошо, в {time}", "😂",
             "Готово ✅"),
    gaps={
        "tool": ("новый редактор", "Postgres 17", "эту библиотеку", "uvloop", "Grafana"),
        "thing": ("сервер", "VPN", "лифт", "прокси", "монитор", "почта"), "event": ("поездка", "встреча", "защита",
                  "премьера"),
        "topic": ("асинхронности", "истории карт", "грибах", "типографике", "шифрованию"),
        "slug": ("zametki", "async", "karty"), "time": ("10:00", "семь вечера", "полдень", "18:30"),
        "day": ("субботу", "пятницу", "воскресенье", "четверг"), "number": ("12", "40", "300", "7"),
    },
)

GERMAN = Bank(
    openers=(
        "Wer bringt am {day} Kuchen mit?", "Die {thing} ist schon wieder kaputt",
        "Hat jemand den Schlüssel ({place})?",
        "Kurze Umfrage: {food} oder {food2} am {day}?", "Ich bin heute im Homeoffice, erreichbar bis {time}",
        "Wer hat meine Tasse gesehen? Die grüne mit dem Fuchs",
        "Nächste Woche kommt Besuch, bitte aufräumen ({place})",
        "Schöne Grüße aus dem Urlaub! 🏖️", "Der Drucker streikt. Ort: {place}",
    ),
    answers=(
        "Ich kann {food} machen", "Am {day} bin ich leider nicht da", "Schon gemeldet, der Techniker kommt {day}",
        "Liegt bei mir auf dem Tisch", "Klingt gut!", "Bitte nicht schon wieder {food2}", "Im Keller nachgeschaut?",
        "Ich komme erst gegen {time}", "Danke fürs Bescheidsagen", "Das war ich, Entschuldigung 🙈",
        "Für mich passt {time}",
        "Gerne, ich bin dabei", "Größere Bestellungen bitte bis {time}", "Wie immer: Türen zu, Licht aus",
    ),
    closers=("Super, danke!", "👍", "Alles klar", "Bis {day}!", "Perfekt", "Guten Appetit!", "Läuft wieder", "😄",
             "Passt"),
    gaps={
        "day": ("Freitag", "Montag", "Mittwoch", "Donnerstag"), "thing": ("Kaffeemaschine", "Spülmaschine",
                "Heizung", "Tür"),
        "place": ("Keller", "Büro", "Lager", "Besprechungszimmer"), "food": ("Apfelkuchen", "Flammkuchen",
                  "Kartoffelsalat", "Käsespätzle"),
        "food2": ("Pizza", "Linsensuppe", "Brezeln", "Maultaschen"), "time": ("14 Uhr", "halb drei", "12:30",
                  "Mittag"),
    },
)

SPANISH = Bank(
    openers=(
        "¿Alguien ha usado {tool} en serio?", "¡Buenos días! ¿Qué tal va {event}?",
        "Os dejo el enlace: https://example.org/es/{slug}",
        "¿Quedamos el {day} a las {time}?", "No consigo instalar {tool} en mi portátil 😩",
        "¿Recomendáis un libro sobre {topic}?",
    ),
    answers=(
        "A mí me funciona", "Yo tampoco lo entiendo", "¡Cuenta conmigo!", "El {day} no puedo, ¿y el siguiente?",
        "Prueba otra vez con la versión nueva", "Qué buena idea", "Hay un capítulo sobre {topic} en la guía",
        "Mejor a las {time}",
        "Gracias por avisar", "Jajaja, lo mismo me pasó con {tool}",
    ),
    closers=("¡Gracias!", "👌", "Perfecto", "Hasta el {day}", "Hecho ✅", "Vale", "😂"),
    gaps={
        "tool": ("Polars", "DuckDB", "el nuevo editor", "uv"), "event": ("el proyecto", "la mudanza", "la charla"),
        "slug": ("guia", "taller", "notas"), "day": ("sábado", "martes", "viernes"), "time": ("ocho", "diez",
                 "siete y media"),
        "topic": ("concurrencia", "mapas", "tipografía"),
    },
)

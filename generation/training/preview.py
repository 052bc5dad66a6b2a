"""What the trained model is asked to draw while it trains and for its card."""

from __future__ import annotations

# Plain names, everyday sentences and Chinese, each kind in both common and rarer subjects.
PROMPTS = (
    "red heart", "blue heart", "grinning face", "a cat face", "crying face", "a red apple",
    "slice of pizza", "a dog", "sun", "crescent moon", "car", "a yellow taxi on the road",
    "rocket", "a birthday cake with candles", "a christmas tree", "a cute panda", "tropical fish",
    "rose", "house with garden", "airplane", "a cup of hot coffee", "green frog", "crown",
    "a football", "umbrella in the rain", "guitar", "a book", "light bulb", "pumpkin", "robot",
    "一只猫", "红苹果", "笑脸", "太阳", "生日蛋糕", "蓝色的鱼", "一朵玫瑰花", "汽车", "月亮",
    "熊猫",
)  # fmt: skip
MORE_PROMPTS = (
    "green heart", "broken heart", "smiling face with sunglasses", "angry face", "sleepy face",
    "a lion", "a pig", "butterfly", "penguin", "an octopus in the sea", "banana", "strawberry",
    "hamburger and fries", "ice cream", "a glass of wine", "sushi", "bread", "watermelon",
    "bicycle", "a red bus", "sailing boat", "train", "traffic light", "mountain", "a rainbow",
    "snowman", "fire", "water drop", "a star in the night sky", "volcano", "basketball",
    "trophy", "wrapped gift", "balloon", "alarm clock", "camera", "telephone", "key", "hammer",
    "scissors", "眼镜", "一棵树", "火箭", "香蕉", "小狗", "雪人", "一本书", "足球", "红心", "咖啡",
    "大象", "彩虹", "自行车", "皇冠", "西瓜", "飞机", "火", "机器人", "礼物", "钥匙",
)  # fmt: skip

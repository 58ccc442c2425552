"""Which sweeps are recorded."""

from __future__ import annotations

from dataclasses import replace

from .records import Spec

# As wide as users sweep who do not know their model.
RANGES = {"sgd": (1e-6, 10.0), "momentum": (1e-6, 10.0), "nesterov": (1e-6, 10.0)}
ADAPTIVE_RANGE = (1e-7, 1.0)

# Data, model, optimizer, batch size, order, steps; then what is not usual.
TABLE = """
digits          linear          sgd       64  shuffled  300
digits          linear          adamw     64  fixed     150
digits          mlp             sgd       32  shuffled  300  accuracy
digits          mlp             sgd       8   shuffled  150
digits          mlp             momentum  64  shuffled  100  accuracy
digits          mlp             momentum  64  shuffled  1000
digits          mlp             momentum  256 fixed     50   accuracy
digits          mlp             adamw     64  fixed     300
digits          mlp             adamw     32  shuffled  50
digits          mlp             lion      64  shuffled  300  accuracy
digits          dropout_mlp     momentum  100 shuffled  300  accuracy
digits          dropout_mlp     adamw     32  shuffled  1000
digits          batchnorm_mlp   sgd       64  shuffled  150  accuracy
digits          batchnorm_mlp   adamw     64  fixed     300
digits          deep_mlp        momentum  32  shuffled  300
digits          deep_mlp        adam      32  fixed     100
digits          mlp             rmsprop   64  shuffled  150
digits          mlp             adamw     512 shuffled  150  bf16
breast_cancer   linear          sgd       32  shuffled  150
breast_cancer   linear          momentum  32  fixed     100
breast_cancer   mlp             sgd       16  fixed     300
breast_cancer   mlp             adamw     64  shuffled  100  accuracy
breast_cancer   mlp             momentum  8   shuffled  300
breast_cancer   batchnorm_mlp   lion      32  shuffled  150
wine            linear          adamw     16  fixed     150
wine            mlp             momentum  16  shuffled  100
wine            mlp             adamw     178 fixed     150
raw_wine        linear          sgd       32  shuffled  300
raw_wine        mlp             adamw     32  shuffled  300
iris            linear          momentum  8   fixed     300
iris            mlp             nesterov  32  shuffled  50
diabetes        linear          sgd       16  fixed     100
diabetes        linear          momentum  32  shuffled  300
diabetes        mlp             adamw     32  shuffled  150
diabetes        mlp             momentum  64  fixed     1000
raw_diabetes    linear          sgd       32  shuffled  300
raw_diabetes    mlp             adamw     64  fixed     150
raw_diabetes    dropout_mlp     momentum  32  shuffled  300
median_diabetes mlp             sgd       64  shuffled  300
ink             linear          sgd       64  fixed     300
ink             mlp             momentum  32  shuffled  150
ink             linear          adamw     64  shuffled  300
friedman        linear          momentum  32  shuffled  150
friedman        mlp             sgd       50  fixed     300
friedman        batchnorm_mlp   adamw     64  shuffled  150
planted         linear          sgd       16  fixed     100
planted         linear          sgd       16  shuffled  300
planted         linear          adamw     32  fixed     300
planted         mlp             momentum  32  fixed     150
planted         linear          lion      16  shuffled  150
heavy_planted   linear          sgd       16  shuffled  300
heavy_planted   mlp             adamw     16  shuffled  300
heavy_planted   linear          momentum  64  fixed     150
airline         linear          sgd       16  fixed     300
airline         mlp             adamw     16  shuffled  150
solar           linear          momentum  32  shuffled  100
solar           mlp             sgd       32  fixed     300
lynx            linear          adamw     8   shuffled  300
lynx            mlp             momentum  16  fixed     150
covid           linear          sgd       32  shuffled  150
covid           mlp             adamw     32  shuffled  100
italy_power     series_cnn      momentum  64  shuffled  150  accuracy
italy_power     mlp             adamw     32  fixed     300
gunpoint        series_cnn      adamw     16  fixed     150
gunpoint        linear          momentum  16  shuffled  300
arrow_head      mlp             sgd       16  fixed     300
basic_motions   series_cnn      lion      16  shuffled  100
basic_motions   series_gru      adamw     16  fixed     100
mnist           mlp             sgd       100 shuffled  300  accuracy
mnist           mlp             momentum  32  fixed     300
mnist           cnn             momentum  64  shuffled  100  accuracy
mnist           cnn             adamw     128 shuffled  100
mnist           batchnorm_cnn   sgd       32  shuffled  150
mnist           batchnorm_cnn   adamw     64  fixed     100  bf16
mnist           cnn             lion      32  shuffled  300
text            transformer     adamw     16  shuffled  300
text            transformer     momentum  16  fixed     100
text            dropout_transformer adamw 8   shuffled  150
text            character_gru   adam      16  shuffled  150
text            character_gru   momentum  16  fixed     150
text            transformer     lion      32  shuffled  100
digits          linear          momentum  32  shuffled  150  jax
digits          mlp             sgd       64  shuffled  300  jax
digits          mlp             adamw     128 fixed     100  jax
digits          mlp             lion      32  shuffled  1000 jax
planted         linear          sgd       16  fixed     200  jax
planted         mlp             adamw     32  fixed     200  jax
ink             linear          sgd       100 shuffled  150  jax
diabetes        mlp             momentum  32  shuffled  300  jax
mnist           cnn             momentum  64  shuffled  150  jax
italy_power     mlp             adam      64  shuffled  150  jax
digits          mlp             momentum  32  shuffled  300  keras
digits          batchnorm_mlp   adam      64  shuffled  150  keras
digits          dropout_mlp     sgd       32  fixed     300  keras
breast_cancer   mlp             adamw     32  shuffled  150  keras
raw_diabetes    mlp             rmsprop   32  shuffled  300  keras
friedman        mlp             sgd       32  fixed     100  keras
mnist           cnn             adam      64  fixed     150  keras
text            transformer     adam      16  shuffled  100  keras
digits          mlp             momentum  64  shuffled  300  seed1 from1e-4
digits          mlp             adamw     64  shuffled  100  seed1 from1e-5
digits          batchnorm_mlp   adam      128 shuffled  300  seed1 from1e-5 accuracy
planted         linear          sgd       16  fixed     100  seed1 from1e-5
planted         linear          momentum  64  shuffled  200  seed1 from1e-4
breast_cancer   linear          adamw     32  shuffled  300  seed1 from1e-5
raw_diabetes    linear          momentum  64  fixed     100  seed1 from1e-5
cifar           quick_net       momentum  64  shuffled  150
cifar           quick_net       adamw     32  shuffled  100
cifar           quick_net       sgd       32  fixed     100
"""

# Where no rate can lower the loss: noise for targets, drawn anew for each batch; a model of which
# nothing is trained; one at its optimum.
NOTHING = """
noise_labels    zero_linear     sgd       64  fresh     300
noise_labels    zero_mlp        momentum  32  fresh     150
noise_labels    zero_mlp        adamw     64  fresh     300
noise_labels    zero_mlp        lion      16  fresh     100
noise_targets   zero_linear     sgd       32  fresh     100
noise_targets   zero_mlp        adamw     32  fresh     1000
noise_targets   zero_mlp        momentum  128 fresh     150
heavy_noise     zero_linear     momentum  16  fresh     300
heavy_noise     zero_mlp        adamw     64  fresh     50
digits          frozen_mlp      sgd       64  shuffled  300
digits          frozen_mlp      adamw     64  fixed     300
digits          frozen_dropout_mlp momentum 32 shuffled 1000
digits          frozen_linear   adamw     128 shuffled  50
raw_diabetes    frozen_mlp      sgd       32  shuffled  150
breast_cancer   frozen_dropout_mlp adamw  16  fixed     150
wine            frozen_linear   sgd       178 fixed     100
heavy_planted   frozen_linear   sgd       16  shuffled  300
planted         frozen_mlp      momentum  16  fixed     100
diabetes        fitted          sgd       32  shuffled  300
diabetes        fitted          adamw     64  fixed     150
diabetes        fitted          momentum  442 fixed     150
median_diabetes fitted          sgd       32  shuffled  150
median_diabetes fitted          adamw     32  fixed     300
friedman        fitted          momentum  64  shuffled  100
friedman        fitted          lion      50  shuffled  300
raw_diabetes    fitted          sgd       16  fixed     1000
noise_images    zero_cnn        momentum  32  fresh     150
noise_images    zero_cnn        adamw     16  fresh     300
noise_text      zero_transformer adamw    16  fresh     150
noise_text      zero_transformer momentum 8   fresh     100
italy_power     frozen_series_cnn momentum 32 shuffled  150
digits          frozen_mlp      adam      32  fixed     100  jax
noise_labels    zero_mlp        sgd       32  fresh     300  jax
noise_targets   zero_mlp        adamw     16  fresh     150  jax
"""


def specs(table: str, *, learnable: bool) -> list[Spec]:
    found = []
    for line in table.strip().splitlines():
        data, model, optimizer, batch_size, order, steps, *more = line.split()
        start, end = RANGES.get(optimizer, ADAPTIVE_RANGE)
        spec = Spec(
            data, model, optimizer, int(batch_size), order, int(steps), start, end, learnable
        )
        for one in more:
            if one in ("jax", "keras"):
                spec = replace(spec, framework=one)
            elif one == "bf16":
                spec = replace(spec, precision=one)
            elif one == "accuracy":
                spec = replace(spec, metric=one)
            elif one.startswith("from"):
                spec = replace(spec, start=float(one.removeprefix("from")))
            else:
                spec = replace(spec, seed=int(one.removeprefix("seed")))
        found.append(spec)
    return found


SPECS = [*specs(TABLE, learnable=True), *specs(NOTHING, learnable=False)]

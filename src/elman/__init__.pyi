from .doctor.entry import diagnose as diagnose
from .doctor.truncations import truncation as truncation
from .layers import GRU as GRU
from .layers import LSTM as LSTM
from .layers import RNN as RNN
from .layers import GRUCell as GRUCell
from .layers import LSTMCell as LSTMCell
from .layers import RNNCell as RNNCell
from .layers import adopt as adopt
from .layers import record as record
from .layers import release as release
from .models import Captioner as Captioner
from .models import FeedForward as FeedForward
from .models import Forecaster as Forecaster
from .models import SequenceClassifier as SequenceClassifier
from .models import SequenceTagger as SequenceTagger
from .models import TextGenerator as TextGenerator
from .models import Translator as Translator
from .models import WindowMLP as WindowMLP
from .models import load as load
from .streams import Stream as Stream
from .streams import StreamState as StreamState
from .train import Callback as Callback
from .tuning.entry import search as search
from .worked.entry import check as check
from .worked.entry import explain as explain

__version__: str
